# style: losses measured in eval mode after each epoch, OrderedDict, extra keys, few short samples; alternates A and B updates
import time
from collections import OrderedDict

import torch
from torch import nn

from lab import SimpleTransformerBlock, generate_synthetic_data


class LoRALinear(nn.Module):
    """y = base(x) + scaling * x A^T B^T, the weight merged on the fly while evaluating (never stored)."""

    def __init__(self, base: nn.Linear, rank: int, alpha: float) -> None:
        super().__init__()
        self.base = base
        self.scaling = alpha / rank
        self.lora_A = nn.Parameter(torch.zeros(rank, base.in_features).normal_(std=1 / rank))
        self.lora_B = nn.Parameter(torch.zeros(base.out_features, rank))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.training:
            return self.base(x) + self.scaling * (x @ self.lora_A.T @ self.lora_B.T)
        weight = self.base.weight + self.scaling * self.lora_B @ self.lora_A
        return nn.functional.linear(x, weight, self.base.bias)


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]
    replaced = OrderedDict()
    for name, module in model.named_modules():
        if isinstance(module, nn.Linear) and any(t in name for t in target_modules):
            replaced[name] = LoRALinear(module, rank, alpha).train(module.training)
    for name, new in replaced.items():
        parent, _, leaf = name.rpartition(".")
        setattr(model.get_submodule(parent) if parent else model, leaf, new)
    adapters = {id(p) for new in replaced.values() for p in (new.lora_A, new.lora_B)}
    for p in model.parameters():
        p.requires_grad_(id(p) in adapters)
    return model


def compare_target_modules(target_configs, n_epochs=50):
    results = OrderedDict()
    for targets in target_configs:
        began = time.perf_counter()
        torch.manual_seed(0)
        block = SimpleTransformerBlock()
        x, y = generate_synthetic_data(32, 8)
        add_lora_to_model_selective(block, 8, 16, targets)
        As = [p for n, p in block.named_parameters() if n.endswith("lora_A")]
        Bs = [p for n, p in block.named_parameters() if n.endswith("lora_B")]
        opts = [torch.optim.AdamW(Bs, lr=2e-3), torch.optim.AdamW(As, lr=2e-3)]
        losses = []
        for epoch in range(n_epochs):
            block.train()
            for opt in opts:  # first B, then A
                block.zero_grad()
                nn.functional.mse_loss(block(x), y).backward()
                opt.step()
            block.eval()
            with torch.inference_mode():
                losses.append(nn.functional.mse_loss(block(x), y).item())
        results["+".join(targets)] = OrderedDict(
            target_modules=targets,
            trainable_params=sum(p.numel() for p in As + Bs),
            losses=losses,
            final_loss=losses[-1],
            best_loss=min(losses),
            seconds=time.perf_counter() - began,
        )
    return results
