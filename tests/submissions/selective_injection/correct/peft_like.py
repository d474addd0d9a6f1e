# style: PEFT-like: config dataclass with future annotations, LoraLayer mixin, base_layer, tuner class; DataLoader with own generator
from __future__ import annotations

import math
import warnings
from dataclasses import dataclass, field
from typing import Any, Optional

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

from lab import SimpleTransformerBlock, generate_synthetic_data


@dataclass
class LoraConfig:
    """Configuration of a LoRA model."""

    r: int = field(default=8, metadata={"help": "Lora attention dimension"})
    lora_alpha: float = field(default=8, metadata={"help": "Lora alpha"})
    target_modules: Optional[list[str]] = field(default=None)
    bias: str = "none"

    def __post_init__(self) -> None:
        if self.target_modules is None:
            self.target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]


class LoraLayer:
    adapter_layer_names = ("lora_A", "lora_B")

    def __init__(self, base_layer: nn.Module, **kwargs: Any) -> None:
        self.base_layer = base_layer
        self.in_features, self.out_features = base_layer.in_features, base_layer.out_features

    def update_layer(self, r: int, lora_alpha: float) -> None:
        if r <= 0:
            raise ValueError(f"`r` should be a positive integer value but the value passed is {r}")
        self.r = r
        self.lora_A = nn.Linear(self.in_features, r, bias=False)
        self.lora_B = nn.Linear(r, self.out_features, bias=False)
        self.scaling = lora_alpha / r
        self.reset_lora_parameters()

    def reset_lora_parameters(self) -> None:
        nn.init.kaiming_uniform_(self.lora_A.weight, a=math.sqrt(5))
        nn.init.zeros_(self.lora_B.weight)
        self.lora_A.to(self.base_layer.weight)
        self.lora_B.to(self.base_layer.weight)


class Linear(nn.Module, LoraLayer):
    def __init__(self, base_layer: nn.Linear, config: LoraConfig) -> None:
        super().__init__()
        LoraLayer.__init__(self, base_layer)
        self.update_layer(config.r, config.lora_alpha)

    @property
    def weight(self) -> torch.Tensor:
        return self.base_layer.weight

    @property
    def bias(self) -> torch.Tensor | None:
        return self.base_layer.bias

    def forward(self, x: torch.Tensor, *args: Any, **kwargs: Any) -> torch.Tensor:
        result = self.base_layer(x, *args, **kwargs)
        return result + self.lora_B(self.lora_A(x)) * self.scaling


class LoraModel:
    def __init__(self, model: nn.Module, config: LoraConfig) -> None:
        self.model, self.config = model, config

    def _check_target_module_exists(self, key: str) -> bool:
        return any(key == t or key.endswith(f".{t}") for t in self.config.target_modules)

    def _get_submodules(self, key: str) -> tuple[nn.Module, nn.Module, str]:
        parent = self.model.get_submodule(".".join(key.split(".")[:-1]))
        return parent, self.model.get_submodule(key), key.split(".")[-1]

    def inject_adapter(self) -> None:
        key_list = [key for key, _ in self.model.named_modules()]
        is_target_modules_in_base_model = False
        for key in key_list:
            if not self._check_target_module_exists(key):
                continue
            parent, target, target_name = self._get_submodules(key)
            if not isinstance(target, nn.Linear):
                continue
            is_target_modules_in_base_model = True
            setattr(parent, target_name, Linear(target, self.config))
        if not is_target_modules_in_base_model:
            warnings.warn(f"Target modules {self.config.target_modules} not found in the base model.")
        self._mark_only_adapters_as_trainable()

    def _mark_only_adapters_as_trainable(self) -> None:
        for p in self.model.parameters():
            p.requires_grad = False
        for module in self.model.modules():
            if isinstance(module, LoraLayer):
                for name in module.adapter_layer_names:
                    getattr(module, name).requires_grad_(True)


def add_lora_to_model_selective(
    model: nn.Module, rank: int = 8, alpha: float = 16, target_modules: list[str] | None = None
) -> nn.Module:
    LoraModel(model, LoraConfig(r=rank, lora_alpha=alpha, target_modules=target_modules)).inject_adapter()
    return model


@dataclass
class TrainingArguments:
    num_train_epochs: int
    learning_rate: float = 2e-3
    per_device_train_batch_size: int = 32
    seed: int = 3407


def compare_target_modules(target_configs: list[list[str]], n_epochs: int = 50) -> dict[str, dict]:
    args = TrainingArguments(num_train_epochs=n_epochs)
    results: dict[str, dict] = {}
    for targets in target_configs:
        torch.manual_seed(args.seed)
        model = SimpleTransformerBlock(d_model=256, n_heads=8)
        dataset = TensorDataset(*generate_synthetic_data())
        loader = DataLoader(
            dataset,
            batch_size=args.per_device_train_batch_size,
            shuffle=True,
            generator=torch.Generator().manual_seed(args.seed),
        )
        add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=targets)
        trainable = [p for p in model.parameters() if p.requires_grad]
        optimizer = torch.optim.AdamW(trainable, lr=args.learning_rate)
        losses: list[float] = []
        for _ in range(args.num_train_epochs):
            model.train()
            total, count = 0.0, 0
            for x, y in loader:
                optimizer.zero_grad()
                loss = nn.functional.mse_loss(model(x), y)
                loss.backward()
                optimizer.step()
                total += loss.item() * x.shape[0]
                count += x.shape[0]
            losses.append(total / count)
        results["+".join(targets)] = {
            "target_modules": list(targets),
            "trainable_params": sum(p.numel() for p in trainable),
            "losses": losses,
            "final_loss": losses[-1],
        }
    return results
