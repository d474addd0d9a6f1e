# unusual: PEFT-like classes and config; names `q_proj.adapters.default.lora_A.weight` ("anywhere below the layer's dotted name", bias-free nn.Linear factors); extra keyword parameters; refuses bad arguments; an empty list leaves the model untouched (freezing there is not graded).
from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, Iterator

import torch
from torch import nn

from lab import SimpleTransformerBlock, generate_synthetic_data

__all__ = ["LoraConfig", "LoraLinear", "LoraModel", "add_lora_to_model_selective", "compare_target_modules"]

TRANSFORMERS_MODELS_TO_LORA_TARGET_MODULES_MAPPING = {"lab": ["q_proj", "k_proj", "v_proj", "o_proj"]}


@dataclass
class LoraConfig:
    r: int = 8
    lora_alpha: float = 16
    lora_dropout: float = 0.0
    use_rslora: bool = False
    init_lora_weights: bool | str = True
    target_modules: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        if not isinstance(self.r, int) or isinstance(self.r, bool) or self.r <= 0:
            raise ValueError(f"`r` should be a positive integer value but the value passed is {self.r}")
        if isinstance(self.target_modules, str):
            raise TypeError("`target_modules` has to be a list of strings")

    @property
    def scaling(self) -> float:
        return self.lora_alpha / (math.sqrt(self.r) if self.use_rslora else self.r)


class _Adapter(nn.Module):
    def __init__(self, in_features: int, out_features: int, config: LoraConfig, **factory: Any) -> None:
        super().__init__()
        self.lora_dropout = nn.Dropout(config.lora_dropout) if config.lora_dropout > 0 else nn.Identity()
        self.lora_A = nn.Linear(in_features, config.r, bias=False, **factory)
        self.lora_B = nn.Linear(config.r, out_features, bias=False, **factory)
        self.scaling = config.scaling
        self.reset_lora_parameters(config.init_lora_weights)

    def reset_lora_parameters(self, init_lora_weights: bool | str) -> None:
        if init_lora_weights == "gaussian":
            nn.init.normal_(self.lora_A.weight, std=1 / self.lora_A.out_features)
        else:
            nn.init.kaiming_uniform_(self.lora_A.weight, a=math.sqrt(5))
        nn.init.zeros_(self.lora_B.weight)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.lora_B(self.lora_A(self.lora_dropout(x))) * self.scaling


class LoraLinear(nn.Module):
    def __init__(self, base_layer: nn.Linear, adapter_name: str, config: LoraConfig) -> None:
        super().__init__()
        self.base_layer = base_layer
        self.adapters = nn.ModuleDict()
        self.active_adapter = adapter_name
        self.update_layer(adapter_name, config)

    @property
    def in_features(self) -> int:
        return self.base_layer.in_features

    @property
    def out_features(self) -> int:
        return self.base_layer.out_features

    @property
    def weight(self) -> torch.Tensor:
        return self.base_layer.weight

    @property
    def bias(self) -> torch.Tensor | None:
        return self.base_layer.bias

    def update_layer(self, adapter_name: str, config: LoraConfig) -> None:
        w = self.base_layer.weight
        self.adapters[adapter_name] = _Adapter(
            self.in_features, self.out_features, config, device=w.device, dtype=w.dtype
        )

    def forward(self, x: torch.Tensor, *args: Any, **kwargs: Any) -> torch.Tensor:
        result = self.base_layer(x, *args, **kwargs)
        return result + self.adapters[self.active_adapter](x)


class LoraModel:
    def __init__(self, model: nn.Module, config: LoraConfig, adapter_name: str = "default") -> None:
        self.model, self.config, self.adapter_name = model, config, adapter_name

    def _check_target_module_exists(self, key: str) -> bool:
        return any(key == t or key.endswith(f".{t}") for t in self.config.target_modules)

    def _targets(self) -> Iterator[tuple[nn.Module, str, nn.Linear]]:
        for key in [key for key, _ in self.model.named_modules()]:
            if not self._check_target_module_exists(key):
                continue
            target = self.model.get_submodule(key)
            if isinstance(target, nn.Linear):
                yield self.model.get_submodule(".".join(key.split(".")[:-1])), key.split(".")[-1], target

    def inject_adapter(self) -> nn.Module:
        if not self.config.target_modules:
            return self.model
        self._mark_only_adapters_as_trainable()
        for parent, name, target in list(self._targets()):
            setattr(parent, name, LoraLinear(target, self.adapter_name, self.config))
        return self.model

    def _mark_only_adapters_as_trainable(self) -> None:
        for p in self.model.parameters():
            p.requires_grad = False


def add_lora_to_model_selective(
    model: nn.Module, rank: int = 8, alpha: float = 16, target_modules: list[str] | None = None,
    *, lora_dropout: float = 0.0, use_rslora: bool = False, init_lora_weights: bool | str = True,
) -> nn.Module:
    if target_modules is None:
        target_modules = TRANSFORMERS_MODELS_TO_LORA_TARGET_MODULES_MAPPING["lab"]
    config = LoraConfig(rank, alpha, lora_dropout, use_rslora, init_lora_weights, target_modules)
    return LoraModel(model, config).inject_adapter()


@dataclass
class TrainingArguments:
    learning_rate: float = 1e-3
    warmup_ratio: float = 0.1
    per_device_train_batch_size: int = 32
    num_train_epochs: int = 50
    seed: int = 42


class Trainer:
    def __init__(self, model: nn.Module, args: TrainingArguments, train_dataset: torch.utils.data.Dataset) -> None:
        self.model, self.args, self.train_dataset = model, args, train_dataset

    def train(self) -> list[float]:
        args = self.args
        loader = torch.utils.data.DataLoader(
            self.train_dataset, args.per_device_train_batch_size, shuffle=True,
            generator=torch.Generator().manual_seed(args.seed),
        )
        optimizer = torch.optim.AdamW((p for p in self.model.parameters() if p.requires_grad), lr=args.learning_rate)
        total = max(1, len(loader) * args.num_train_epochs)
        warm = max(1, int(total * args.warmup_ratio))
        schedule = torch.optim.lr_scheduler.LambdaLR(
            optimizer, lambda s: (s + 1) / warm if s < warm else max(0.05, (total - s) / max(1, total - warm))
        )
        history = []
        self.model.train()
        for _ in range(args.num_train_epochs):
            running = 0.0
            for inputs, labels in loader:
                loss = nn.functional.mse_loss(self.model(inputs), labels)
                loss.backward()
                torch.nn.utils.clip_grad_norm_([p for p in self.model.parameters() if p.requires_grad], 1.0)
                optimizer.step()
                schedule.step()
                optimizer.zero_grad()
                running += loss.detach().item()
            history.append(running / len(loader))
        return history


def compare_target_modules(target_configs: list[list[str]], n_epochs: int = 50) -> dict[str, dict]:
    results: dict[str, dict] = {}
    for targets in target_configs:
        args = TrainingArguments(num_train_epochs=n_epochs)
        torch.manual_seed(args.seed)
        model = SimpleTransformerBlock()
        dataset = torch.utils.data.TensorDataset(*generate_synthetic_data())
        model = add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=targets)
        trainable = sum(p.numel() for p in model.parameters() if p.requires_grad)
        everything = sum(p.numel() for p in model.parameters())
        losses = Trainer(model, args, dataset).train()
        results["+".join(targets)] = {
            "target_modules": targets,
            "trainable_params": trainable,
            "all_params": everything,
            "trainable_percent": 100 * trainable / everything,
            "losses": losses,
            "final_loss": losses[-1],
            "args": args,
        }
    return results
