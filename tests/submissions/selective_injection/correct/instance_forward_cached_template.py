# style: gives each targeted layer object its own bound `forward`; the comparison takes losses with islice from an endless training generator, with template and data behind an lru_cache
from copy import deepcopy
from functools import lru_cache
from itertools import islice
from types import MethodType

import torch
import torch.nn.functional as F
from torch import nn

from lab import SimpleTransformerBlock, generate_synthetic_data


def _lora_forward(self, input):
    delta = self.lora_B @ self.lora_A
    return type(self).forward(self, input) + F.linear(input, delta) * self.lora_scale


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    targets = frozenset(target_modules if target_modules is not None else "q_proj k_proj v_proj o_proj".split())
    for module in model.modules():
        for parameter in module.parameters(recurse=False):
            parameter.requires_grad_(False)
    for name, layer in model.named_modules():
        if isinstance(layer, nn.Linear) and any(("." + name).endswith("." + t) for t in targets):
            layer.lora_A = nn.Parameter(torch.empty_like(layer.weight[:1]).repeat(rank, 1).normal_(0, 0.02))
            layer.lora_B = nn.Parameter(torch.zeros_like(layer.weight[:, :1]).repeat(1, rank))
            layer.lora_scale = alpha / rank
            layer.forward = MethodType(_lora_forward, layer)
    return model


@lru_cache(maxsize=1)
def _start():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(31)
        return SimpleTransformerBlock(), *generate_synthetic_data(64)


def _training(block, x, y):
    opt = torch.optim.Adamax((p for p in block.parameters() if p.requires_grad), lr=2e-3)
    shuffle = torch.Generator().manual_seed(5)
    while True:
        epoch = []
        for idx in torch.randperm(len(x), generator=shuffle).chunk(4):
            loss = F.mse_loss(block(x[idx]), y[idx])
            opt.zero_grad()
            loss.backward()
            opt.step()
            epoch.append(loss.detach())
        yield torch.stack(epoch).mean().item()


def compare_target_modules(target_configs, n_epochs=50):
    results = {}
    for targets in target_configs:
        template, x, y = _start()
        torch.manual_seed(32)
        block = add_lora_to_model_selective(deepcopy(template), target_modules=targets)
        losses = list(islice(_training(block, x, y), n_epochs))
        results["+".join(targets)] = {
            "target_modules": list(targets),
            "trainable_params": sum(p.numel() for p in block.parameters() if p.requires_grad),
            "losses": losses,
            "final_loss": losses[-1],
        }
    return results
