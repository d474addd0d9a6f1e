# unusual: performance engineer: one matmul for W and A stacked, scale split as sqrt on both factors, __slots__-like constants, TypedDict, perf counters
import math
from time import perf_counter
from typing import TypedDict

import torch
from torch import nn
from torch.nn import functional as F

from lab import SimpleTransformerBlock, generate_synthetic_data


class Entry(TypedDict, total=False):
    target_modules: list[str]
    trainable_params: int
    losses: list[float]
    final_loss: float
    best_loss: float
    ms_per_epoch: float


class FusedLoRALinear(nn.Module):
    __constants__ = ["m", "c"]

    def __init__(self, lin: nn.Linear, r: int, alpha: float):
        super().__init__()
        self.m = lin.out_features
        self.c = math.sqrt(alpha / r)
        self.weight = lin.weight
        self.bias = lin.bias
        self.lora_A = nn.Parameter(torch.empty_like(lin.weight[:1]).repeat(r, 1))
        self.lora_B = nn.Parameter(lin.weight.new_zeros(self.m, r))
        nn.init.kaiming_normal_(self.lora_A)

    def forward(self, x):
        z = F.linear(x, torch.cat((self.weight, self.c * self.lora_A)))
        y, u = z[..., : self.m], z[..., self.m :]
        y = y + F.linear(u, self.c * self.lora_B)
        return y if self.bias is None else y + self.bias


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    ts = tuple(("q_proj", "k_proj", "v_proj", "o_proj") if target_modules is None else target_modules)
    model.requires_grad_(False)
    jobs = [(p, c, m) for pn, p in model.named_modules() for c, m in p.named_children()
            if isinstance(m, nn.Linear) and f"{pn}.{c}".endswith(ts)] if ts else []
    for p, c, m in jobs:
        setattr(p, c, FusedLoRALinear(m, rank, alpha))
    return model


def compare_target_modules(target_configs, n_epochs=50):
    results: dict[str, Entry] = {}
    for targets in target_configs:
        torch.manual_seed(271828)
        model = SimpleTransformerBlock()
        x, y = generate_synthetic_data(n_samples=96)
        add_lora_to_model_selective(model, 8, 16, targets)
        train = [p for p in model.parameters() if p.requires_grad]
        opt = torch.optim.Adam(train, lr=1e-3, foreach=True)
        buf = torch.zeros(n_epochs)
        t0 = perf_counter()
        for e in range(n_epochs):
            opt.zero_grad(set_to_none=True)
            loss = F.mse_loss(model(x), y)
            loss.backward()
            opt.step()
            buf[e] = loss.detach()
        losses = buf.tolist()
        results["+".join(targets)] = Entry(target_modules=targets, trainable_params=sum(p.numel() for p in train), losses=losses,
                                           final_loss=losses[-1], best_loss=min(losses), ms_per_epoch=1e3 * (perf_counter() - t0) / n_epochs)
    return results
