# template weights and data are kept in global caches between calls; ModuleList of factors below the layer
from functools import lru_cache

import torch
from torch import nn

from lab import SimpleTransformerBlock, generate_synthetic_data

SEED = 1729


class Factors(nn.Module):
    def __init__(self, n_in, n_out, rank):
        super().__init__()
        self.lora_A = nn.Parameter(torch.randn(rank, n_in) * n_in**-0.5)
        self.lora_B = nn.Parameter(torch.zeros(n_out, rank))

    def forward(self, x):
        return x @ self.lora_A.T @ self.lora_B.T


class WithAdapters(nn.Module):
    """Has room for several adapters, named like PEFT's."""

    def __init__(self, base_layer, rank, alpha):
        super().__init__()
        self.base_layer = base_layer
        self.adapters = nn.ModuleDict({"default": Factors(base_layer.in_features, base_layer.out_features, rank)})
        self.scaling = {"default": alpha / rank}

    def forward(self, x):
        result = self.base_layer(x)
        for name, adapter in self.adapters.items():
            result = result + adapter(x) * self.scaling[name]
        return result


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]
    model.requires_grad_(False)
    for name, module in list(model.named_modules()):
        if isinstance(module, nn.Linear) and any(t in name for t in target_modules):
            parent, _, child = name.rpartition(".")
            setattr(model.get_submodule(parent), child, WithAdapters(module, rank, alpha))
    return model


@lru_cache(maxsize=4)
def _template(seed):
    torch.manual_seed(seed)
    return {k: v.clone() for k, v in SimpleTransformerBlock().state_dict().items()}


@lru_cache(maxsize=4)
def _data(seed):
    torch.manual_seed(seed)
    return generate_synthetic_data(128)


def compare_target_modules(target_configs, n_epochs=50):
    results = dict()
    for targets in target_configs:
        block = SimpleTransformerBlock()
        block.load_state_dict(_template(SEED))
        x, y = _data(SEED + 1)
        torch.manual_seed(SEED + 2)
        add_lora_to_model_selective(block, 8, 16, targets)
        trainable = [p for p in block.parameters() if p.requires_grad]
        optimizer = torch.optim.Adam(trainable, lr=1e-3, amsgrad=True)
        losses = []
        for _ in range(n_epochs):
            loss = nn.functional.mse_loss(block(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        results["+".join(targets)] = {
            "target_modules": list(targets),
            "trainable_params": sum(p.numel() for p in trainable),
            "losses": losses,
            "final_loss": losses[-1],
        }
    return results
