# style: torchtune-like: LoRALinear that copies the weights, factors as nn.Linear, get_adapter_params, gradient clipping
from typing import Dict, List, Optional, Set

import torch
import torch.nn.functional as F
from torch import nn

from lab import SimpleTransformerBlock, generate_synthetic_data


class LoRALinear(nn.Module):
    def __init__(self, in_dim: int, out_dim: int, rank: int, alpha: float, use_bias: bool = False) -> None:
        super().__init__()
        self.in_dim, self.out_dim = in_dim, out_dim
        self.rank, self.alpha = rank, alpha
        self.weight = nn.Parameter(torch.empty(out_dim, in_dim), requires_grad=False)
        if use_bias:
            self.bias = nn.Parameter(torch.empty(out_dim), requires_grad=False)
        else:
            self.register_parameter("bias", None)
        self.lora_A = nn.Linear(in_dim, rank, bias=False)
        self.lora_B = nn.Linear(rank, out_dim, bias=False)
        nn.init.kaiming_uniform_(self.lora_A.weight, a=5**0.5)
        nn.init.zeros_(self.lora_B.weight)

    @classmethod
    def from_linear(cls, linear: nn.Linear, rank: int, alpha: float) -> "LoRALinear":
        new = cls(linear.in_features, linear.out_features, rank, alpha, linear.bias is not None)
        with torch.no_grad():
            new.weight.copy_(linear.weight)
            if linear.bias is not None:
                new.bias.copy_(linear.bias)
        return new

    def adapter_params(self) -> List[str]:
        return ["lora_A.weight", "lora_B.weight"]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out = F.linear(x, self.weight, self.bias)
        lora_out = self.lora_A(x)
        lora_out = (self.alpha / self.rank) * self.lora_B(lora_out)
        return out + lora_out


def get_adapter_params(model: nn.Module) -> Dict[str, nn.Parameter]:
    adapter_params = {}
    for k, v in model.named_modules():
        if hasattr(v, "adapter_params") and callable(v.adapter_params):
            for n, p in v.named_parameters(recurse=True):
                if n in v.adapter_params():
                    adapter_params[f"{k}.{n}"] = p
    return adapter_params


def set_trainable_params(model: nn.Module, adapter_params: Set[str]) -> None:
    for k, v in model.named_parameters():
        v.requires_grad_(k in adapter_params)


def add_lora_to_model_selective(model: nn.Module, rank: int = 8, alpha: float = 16,
                                target_modules: Optional[List[str]] = None) -> nn.Module:
    targets = ["q_proj", "k_proj", "v_proj", "o_proj"] if target_modules is None else target_modules
    swaps = {n: m for n, m in model.named_modules()
             if isinstance(m, nn.Linear) and n.rsplit(".", 1)[-1] in targets}
    for n, m in swaps.items():
        parent, _, leaf = n.rpartition(".")
        model.get_submodule(parent).register_module(leaf, LoRALinear.from_linear(m, rank, alpha))
    set_trainable_params(model, set(get_adapter_params(model)))
    return model


def compare_target_modules(target_configs: List[List[str]], n_epochs: int = 50) -> Dict[str, dict]:
    results: Dict[str, dict] = {}
    for targets in target_configs:
        torch.random.manual_seed(2024)
        model = SimpleTransformerBlock()
        inputs, labels = generate_synthetic_data()
        add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=targets)
        params = get_adapter_params(model)
        optimizer = torch.optim.AdamW(params.values(), lr=3e-3, weight_decay=0.01)
        losses = []
        for _ in range(n_epochs):
            running = 0
            batches = list(zip(inputs.chunk(4), labels.chunk(4)))
            for xb, yb in batches:
                loss = F.mse_loss(model(xb), yb)
                loss.backward()
                torch.nn.utils.clip_grad_norm_(params.values(), max_norm=1.0)
                optimizer.step()
                optimizer.zero_grad(set_to_none=True)
                running += loss.item()
            losses.append(running / len(batches))
        results["+".join(targets)] = {
            "target_modules": targets,
            "trainable_params": sum(p.numel() for p in params.values()),
            "losses": losses,
            "final_loss": losses[-1],
        }
    return results
