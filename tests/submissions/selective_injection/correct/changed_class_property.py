# unusual: assigns layer.__class__ (same object, same weight, same bias) and computes F.linear with the summed weight. Contract: "a changed class" is all right.
from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

import lab


class LinearPlus(nn.Linear):
    """An nn.Linear that was turned, at run time, into a LoRA linear."""

    @classmethod
    def convert(cls, layer: nn.Linear, r: int, alpha: float) -> "LinearPlus":
        layer.__class__ = cls
        layer.lora_A = nn.Parameter(nn.init.orthogonal_(torch.empty(r, layer.in_features)).to(layer.weight))
        layer.lora_B = nn.Parameter(layer.weight.new_zeros(layer.out_features, r))
        layer.gain = alpha / r
        return layer

    @property
    def effective_weight(self) -> torch.Tensor:
        return torch.addmm(self.weight, self.lora_B, self.lora_A, alpha=self.gain)

    def forward(self, input):
        return F.linear(input, self.effective_weight, self.bias)

    def extra_repr(self) -> str:
        return super().extra_repr() + f", rank={len(self.lora_A)}"


def add_lora_to_model_selective(model: nn.Module, rank: int = 8, alpha: float = 16,
                                target_modules: list[str] | None = None) -> nn.Module:
    targets = "q_proj k_proj v_proj o_proj".split() if target_modules is None else target_modules
    model.requires_grad_(False)
    for name, module in model.named_modules():
        hit = any(name == t or name.endswith("." + t) for t in targets)
        if hit and type(module) is nn.Linear:
            LinearPlus.convert(module, rank, alpha)
    return model


def compare_target_modules(target_configs, n_epochs: int = 50):
    def run(targets):
        torch.manual_seed(0)
        block, (x, y) = lab.SimpleTransformerBlock(), lab.generate_synthetic_data()
        add_lora_to_model_selective(block, 8, 16, targets)
        params = [p for p in block.parameters() if p.requires_grad]
        opt = torch.optim.Adamax(params, lr=4e-3)
        for _ in range(n_epochs):
            for xb, yb in zip(x.chunk(4), y.chunk(4)):
                opt.zero_grad()
                F.huber_loss(block(xb), yb).backward()
                opt.step()
            with torch.inference_mode():  # loss of the epoch: on all the training data, after the epoch
                yield float(F.huber_loss(block(x), y))
        yield sum(p.numel() for p in params)

    table = {}
    for targets in target_configs:
        *losses, count = run(targets)
        table["+".join(targets)] = {"target_modules": targets, "trainable_params": count,
                                    "losses": losses, "final_loss": losses[-1] if losses else None}
    return table
