# unusual: torchtune port: AdapterModule protocol, get_adapter_params/set_trainable_params by key, weight copied by load_state_dict
import math
from typing import Any, Dict, List, Literal, Optional, Protocol, Set, Union, runtime_checkable

import torch
import torch.nn.functional as F
from torch import nn

from lab import SimpleTransformerBlock, generate_synthetic_data

LORA_ATTN_MODULES = Literal["q_proj", "k_proj", "v_proj", "o_proj"]


@runtime_checkable
class AdapterModule(Protocol):
    def adapter_params(self) -> List[str]:
        ...


class LoRALinear(nn.Module):
    def __init__(self, in_dim: int, out_dim: int, rank: int, alpha: float, dropout: float = 0.0, use_bias: bool = False, **factory):
        super().__init__()
        self.in_dim, self.out_dim = in_dim, out_dim
        self.rank, self.alpha = rank, alpha
        self.use_bias = use_bias
        self.weight = nn.Parameter(torch.empty(out_dim, in_dim, **factory))
        self.register_parameter("bias", nn.Parameter(torch.empty(out_dim, **factory)) if use_bias else None)
        self.disabled = False
        self.dropout = nn.Dropout(p=dropout) if dropout > 0.0 else nn.Identity()
        self.lora_A = nn.Linear(in_features=in_dim, out_features=rank, bias=False, **factory)
        self.lora_B = nn.Linear(in_features=rank, out_features=out_dim, bias=False, **factory)
        self.merged = False
        self.initialize_parameters()

    def initialize_parameters(self):
        _lora_a_init_params(self.lora_A)
        _lora_b_init_params(self.lora_B)

    def adapter_params(self) -> List[str]:
        return ["lora_A.weight", "lora_B.weight"]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out = F.linear(x, self.weight, self.bias)
        if self.disabled:
            return out
        lora_out = self.lora_A(self.dropout(x))
        lora_out = (self.alpha / self.rank) * self.lora_B(lora_out)
        return out + lora_out


def _lora_a_init_params(x: nn.Linear) -> None:
    nn.init.kaiming_uniform_(x.weight, a=math.sqrt(5))


def _lora_b_init_params(x: nn.Linear) -> None:
    nn.init.zeros_(x.weight)


def get_adapter_params(model: nn.Module) -> Dict[str, nn.Parameter]:
    adapter_params: Dict[str, nn.Parameter] = {}
    for k, v in model.named_modules():
        if hasattr(v, "adapter_params") and callable(v.adapter_params) and isinstance(v, AdapterModule):
            current = v.adapter_params()
            for n, p in v.named_parameters(recurse=True):
                if n in current:
                    full_key = f"{k}.{n}" if k else n
                    adapter_params.update({full_key: p})
                    current.remove(n)
            assert current == [], f"Adapter params {current} not converted"
    return adapter_params


def set_trainable_params(model: nn.Module, adapter_params: Union[Dict[str, Any], Set]) -> None:
    for k, v in model.named_parameters():
        v.requires_grad_(k in adapter_params)


def add_lora_to_model_selective(model: nn.Module, rank: int = 8, alpha: float = 16,
                                target_modules: Optional[List[str]] = None) -> nn.Module:
    if target_modules is None:
        target_modules = list(LORA_ATTN_MODULES.__args__)
    swaps = {}
    for name, module in model.named_modules():
        if isinstance(module, nn.Linear) and name.split(".")[-1] in target_modules:
            w = module.weight
            new = LoRALinear(module.in_features, module.out_features, rank, alpha, use_bias=module.bias is not None,
                             device=w.device, dtype=w.dtype)
            new.load_state_dict(module.state_dict(), strict=False)
            new.train(module.training)
            swaps[name] = new
    for name, new in swaps.items():
        *path, leaf = name.split(".")
        setattr(model.get_submodule(".".join(path)), leaf, new)
    set_trainable_params(model, get_adapter_params(model))
    return model


def compare_target_modules(target_configs: List[List[str]], n_epochs: int = 50) -> Dict[str, dict]:
    results = {}
    for targets in target_configs:
        gen = torch.manual_seed(99)
        model = SimpleTransformerBlock()
        x, y = generate_synthetic_data(n_samples=64)
        order = torch.stack([torch.randperm(len(x), generator=gen) for _ in range(n_epochs)])  # before any adapter is drawn
        add_lora_to_model_selective(model, 8, 16, targets)
        adapter_params = get_adapter_params(model)
        optim = torch.optim.AdamW(adapter_params.values(), lr=1e-3)
        losses = []
        for perm in order:
            running = 0.0
            for idx in perm.chunk(4):
                loss = F.mse_loss(model(x[idx]), y[idx])
                loss.backward()
                optim.step()
                optim.zero_grad(set_to_none=True)
                running += loss.item() * len(idx)
            losses.append(running / len(x))
        results["+".join(targets)] = {
            "target_modules": targets, "trainable_params": sum(p.numel() for p in adapter_params.values()),
            "losses": losses, "final_loss": losses[-1],
        }
    return results
