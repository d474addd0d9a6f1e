# unusual: A is seeded by the crc32 of the layer's name; new data each epoch from a per-epoch seed; entries are a dict subclass with np.float64 losses
import zlib

import numpy as np
import torch
import torch.nn as nn

import lab


class Entry(dict):
    __getattr__ = dict.__getitem__


class Delta(nn.Module):
    def __init__(self, name, layer, rank, alpha):
        super().__init__()
        rng = np.random.default_rng(zlib.crc32(name.encode()))
        self.base = layer
        self.lora_A = nn.Parameter(torch.tensor(rng.uniform(-1, 1, (rank, layer.in_features)) / np.sqrt(layer.in_features), dtype=layer.weight.dtype, device=layer.weight.device))
        self.lora_B = nn.Parameter(torch.zeros(layer.out_features, rank, dtype=layer.weight.dtype, device=layer.weight.device))
        self.alpha = alpha

    @property
    def rank(self):
        return len(self.lora_A)

    def forward(self, x):
        return self.base(x) + nn.functional.linear(x, (self.alpha / self.rank) * self.lora_B @ self.lora_A)


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]
    for p in model.parameters():
        p.requires_grad_(False)
    for name in [n for n, m in model.named_modules() if isinstance(m, nn.Linear) and n.rpartition(".")[-1] in frozenset(target_modules)]:
        model.set_submodule(name, Delta(name, model.get_submodule(name), rank, alpha))
    return model


def compare_target_modules(target_configs, n_epochs=50):
    results = {}
    for targets in target_configs:
        torch.manual_seed(10)
        model = add_lora_to_model_selective(lab.SimpleTransformerBlock(), 8, 16, targets)
        params = [p for p in model.parameters() if p.requires_grad]
        opt = torch.optim.AdamW(params, lr=1e-3, amsgrad=True)
        losses = np.zeros(n_epochs)
        for epoch in range(n_epochs):
            torch.manual_seed(1000 + epoch)
            x, y = lab.generate_synthetic_data(64)
            per_batch = []
            for xb, yb in zip(x.split(16), y.split(16)):
                opt.zero_grad()
                loss = nn.functional.mse_loss(model(xb), yb)
                loss.backward()
                opt.step()
                per_batch.append(loss.item())
            losses[epoch] = np.median(per_batch)
        results["+".join(targets)] = Entry(target_modules=list(targets), trainable_params=sum(p.numel() for p in params),
                                           losses=list(losses), final_loss=losses[-1])
    return results
