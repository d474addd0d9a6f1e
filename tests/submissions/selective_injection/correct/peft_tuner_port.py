# unusual: port of Hugging Face PEFT's tuner classes (base_layer, BaseTuner, mark_only_adapters, __getattr__ delegation)
import math
import re
import warnings
from enum import Enum
from typing import List, Optional, Union

import torch
import torch.nn as nn

import lab


class PeftType(str, Enum):
    LORA = "LORA"


class LoraConfig:
    def __init__(self, r=8, lora_alpha=16, target_modules=None, lora_dropout=0.0, bias="none", init_lora_weights=True):
        self.peft_type = PeftType.LORA
        self.r = r
        self.lora_alpha = lora_alpha
        self.target_modules = set(target_modules) if isinstance(target_modules, list) else target_modules
        self.lora_dropout = lora_dropout
        self.bias = bias
        self.init_lora_weights = init_lora_weights


def check_target_module_exists(config, key: str) -> bool:
    if isinstance(config.target_modules, str):
        return re.fullmatch(config.target_modules, key) is not None
    return key in config.target_modules or any(key.endswith(f".{target_key}") for target_key in config.target_modules)


def _get_submodules(model, key):
    parent = model.get_submodule(".".join(key.split(".")[:-1]))
    target_name = key.split(".")[-1]
    target = model.get_submodule(key)
    return parent, target, target_name


class LoraLayer:
    adapter_layer_names = ("lora_A", "lora_B")

    def __init__(self, in_features: int, out_features: int):
        self.r = {}
        self.lora_alpha = {}
        self.scaling = {}
        self.in_features = in_features
        self.out_features = out_features


class Linear(nn.Module, LoraLayer):
    def __init__(self, base_layer, r: int = 0, lora_alpha: int = 1, lora_dropout: float = 0.0):
        super().__init__()
        LoraLayer.__init__(self, base_layer.in_features, base_layer.out_features)
        self.base_layer = base_layer
        self.update_layer("default", r, lora_alpha, lora_dropout)

    def update_layer(self, adapter_name, r, lora_alpha, lora_dropout):
        if r <= 0:
            raise ValueError(f"`r` should be a positive integer value but the value passed is {r}")
        self.active_adapter = adapter_name
        self.r[adapter_name] = r
        self.lora_alpha[adapter_name] = lora_alpha
        self.lora_dropout = nn.Dropout(p=lora_dropout) if lora_dropout > 0.0 else nn.Identity()
        # one adapter only, hence no ModuleDict
        self.lora_A = nn.Linear(self.in_features, r, bias=False)
        self.lora_B = nn.Linear(r, self.out_features, bias=False)
        self.scaling[adapter_name] = lora_alpha / r
        self.reset_lora_parameters()
        weight = self.base_layer.weight
        self.to(weight.device, dtype=weight.dtype)

    def reset_lora_parameters(self):
        nn.init.kaiming_uniform_(self.lora_A.weight, a=math.sqrt(5))
        nn.init.zeros_(self.lora_B.weight)

    @property
    def weight(self):
        return self.base_layer.weight

    @property
    def bias(self):
        return self.base_layer.bias

    def __getattr__(self, name):
        try:
            return super().__getattr__(name)
        except AttributeError:
            if name == "base_layer":
                raise
            return getattr(self.base_layer, name)

    def forward(self, x, *args, **kwargs):
        result = self.base_layer(x, *args, **kwargs)
        torch_result_dtype = result.dtype
        x = x.to(self.lora_A.weight.dtype)
        result = result + self.lora_B(self.lora_A(self.lora_dropout(x))) * self.scaling[self.active_adapter]
        return result.to(torch_result_dtype)

    def __repr__(self) -> str:
        return "lora." + super().__repr__()


class LoraModel:
    prefix: str = "lora_"

    def __init__(self, model, config):
        self.model = model
        self.peft_config = config

    def inject_adapter(self):
        key_list = [key for key, _ in self.model.named_modules()]
        self.targeted_module_names: List[str] = []
        for p in self.model.parameters():
            p.requires_grad = False
        for key in key_list:
            if key == "" or not check_target_module_exists(self.peft_config, key):
                continue
            parent, target, target_name = _get_submodules(self.model, key)
            if not isinstance(target, nn.Linear):
                warnings.warn(f"Target module {target} is not supported.")
                continue
            self.targeted_module_names.append(key)
            setattr(parent, target_name, Linear(target, self.peft_config.r, self.peft_config.lora_alpha, self.peft_config.lora_dropout))
        return self.model


def add_lora_to_model_selective(model: nn.Module, rank: int = 8, alpha: float = 16,
                                target_modules: Optional[Union[List[str], str]] = None) -> nn.Module:
    if target_modules is None:
        target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]
    return LoraModel(model, LoraConfig(r=rank, lora_alpha=alpha, target_modules=target_modules)).inject_adapter()


def compare_target_modules(target_configs, n_epochs=50):
    out = {}
    for targets in target_configs:
        torch.manual_seed(0)
        block = lab.SimpleTransformerBlock()
        x, y = lab.generate_synthetic_data(n_samples=64)
        block = add_lora_to_model_selective(block, 8, 16, targets)
        trainable = sum(p.numel() for p in block.parameters() if p.requires_grad)
        opt = torch.optim.AdamW(filter(lambda p: p.requires_grad, block.parameters()), lr=2e-3)
        sched = torch.optim.lr_scheduler.LambdaLR(opt, lambda s: min(1.0, (s + 1) / 4))
        losses = []
        for _ in range(n_epochs):
            perm = torch.randperm(len(x))
            tot = []
            for idx in perm.split(16):
                loss = nn.functional.mse_loss(block(x[idx]), y[idx])
                opt.zero_grad()
                loss.backward()
                opt.step()
                sched.step()
                tot.append(loss.detach())
            losses.append(torch.stack(tot).mean().item())
        out["+".join(targets)] = dict(target_modules=targets, trainable_params=trainable, losses=losses, final_loss=losses[-1])
    return out
