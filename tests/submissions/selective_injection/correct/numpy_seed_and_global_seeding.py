# unusual: the seed of the call is drawn from numpy and `random` (the judge seeds both), the layers' A come from a generator seeded by the layer's NAME (crc32), not from torch's global one. Losses are numpy float64 (a subclass of float).
import random
import zlib
import numpy as np
import torch
import torch.nn as nn
from lab import SimpleTransformerBlock, generate_synthetic_data


class LoRA(nn.Module):
    def __init__(self, wrapped, rank, alpha, generator):
        super().__init__()
        self.wrapped = wrapped
        self.rank, self.alpha = rank, alpha
        bound = wrapped.in_features ** -0.5
        A = torch.rand(rank, wrapped.in_features, generator=generator) * 2 * bound - bound
        self.lora_A = nn.Parameter(A.to(wrapped.weight))
        self.lora_B = nn.Parameter(torch.zeros(wrapped.out_features, rank).to(wrapped.weight))

    def forward(self, x):
        return torch.add(self.wrapped(x), nn.functional.linear(nn.functional.linear(x, self.lora_A), self.lora_B), alpha=self.alpha / self.rank)


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]
    for p in model.parameters():
        p.requires_grad_(False)
    for name, layer in list(model.named_modules()):
        if isinstance(layer, nn.Linear) and any(t in name for t in target_modules):
            g = torch.Generator().manual_seed(zlib.crc32(name.encode()))
            parent, _, child = name.rpartition(".")
            setattr(model.get_submodule(parent), child, LoRA(layer, rank, alpha, g))
    return model


def seed_everything(seed):
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    if torch.cuda.is_available():
        torch.cuda.manual_seed_all(seed)


def compare_target_modules(target_configs, n_epochs=50):
    seed = int(np.random.randint(2**31)) ^ random.getrandbits(20)
    results = {}
    for targets in target_configs:
        seed_everything(seed)
        block = SimpleTransformerBlock()
        x, y = generate_synthetic_data()
        add_lora_to_model_selective(block, rank=8, alpha=16.0, target_modules=targets)
        params = [p for p in block.parameters() if p.requires_grad]
        opt = torch.optim.Adam(params, lr=1e-3, betas=(0.9, 0.95))
        losses = []
        for _ in range(n_epochs):
            order = np.random.permutation(len(x))
            vals = []
            for s in range(0, len(x), 32):
                idx = torch.from_numpy(order[s:s + 32])
                loss = nn.functional.mse_loss(block(x[idx]), y[idx])
                opt.zero_grad()
                loss.backward()
                opt.step()
                vals.append(loss.item())
            losses.append(np.mean(vals))
        results["+".join(targets)] = {
            "target_modules": targets,
            "trainable_params": int(sum(np.prod(p.shape) for p in params)),
            "losses": losses,
            "final_loss": losses[-1],
        }
    return results
