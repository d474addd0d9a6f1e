# style: A is drawn from a private generator seeded by the layer's name (crc32), batches are shuffled by random.Random, the losses are numpy float64 (a subclass of float)
import random
import zlib

import numpy as np
import torch
from torch import nn

from lab import SimpleTransformerBlock, generate_synthetic_data


class NamedLoRA(nn.Module):
    def __init__(self, frozen, name, rank, alpha):
        super().__init__()
        self.frozen = frozen
        g = torch.Generator().manual_seed(zlib.crc32(name.encode()))
        start = torch.randn(rank, frozen.in_features, generator=g) / frozen.in_features**0.5
        self.lora_A = nn.Parameter(start.to(frozen.weight))
        self.lora_B = nn.Parameter(torch.zeros(frozen.out_features, rank).to(frozen.weight))
        self.s = alpha / rank

    def forward(self, input):
        return self.frozen(input).add(torch.matmul(torch.matmul(input, self.lora_A.mT), self.lora_B.mT), alpha=self.s)


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]
    for name, p in model.named_parameters():
        p.requires_grad = False
    for name in [n for n, _ in model.named_modules()]:
        if not any(target in name for target in target_modules):
            continue
        layer = model.get_submodule(name)
        if isinstance(layer, nn.Linear):
            head, dot, tail = name.rpartition(".")
            setattr(model.get_submodule(head) if dot else model, tail, NamedLoRA(layer, name, rank, alpha))
    return model


def compare_target_modules(target_configs, n_epochs=50):
    results = {}
    for targets in target_configs:
        torch.manual_seed(0), np.random.seed(0), random.seed(0)
        block = SimpleTransformerBlock()
        x, y = generate_synthetic_data(60)
        add_lora_to_model_selective(block, 8, 16, targets)
        opt = torch.optim.NAdam([p for p in block.parameters() if p.requires_grad], lr=5e-4)
        rows, shuffler = list(range(60)), random.Random(4)
        losses = np.zeros(n_epochs)
        for epoch in range(n_epochs):
            shuffler.shuffle(rows)
            per_batch = []
            for i in range(0, 60, 20):
                pick = rows[i : i + 20]
                loss = nn.functional.mse_loss(block(x[pick]), y[pick])
                opt.zero_grad()
                loss.backward()
                opt.step()
                per_batch.append(loss.item())
            losses[epoch] = np.mean(per_batch)
        results["+".join(targets)] = {
            "target_modules": targets,
            "trainable_params": int(np.sum([p.numel() for p in block.parameters() if p.requires_grad])),
            "losses": list(losses),
            "final_loss": losses[-1],
            "n_epochs": n_epochs,
        }
    return results
