# who: HuggingFace power user who rewrites peft.tuners.lora from memory; unusual: LoraModel/LoraConfig clone, layer subclasses nn.Linear and takes over the Parameter objects, merge support
import math
from dataclasses import dataclass, field
from typing import List, Optional

import torch
import torch.nn as nn
import torch.nn.functional as F

from lab import SimpleTransformerBlock, generate_synthetic_data

try:
    from transformers.pytorch_utils import Conv1D  # noqa: F401
except ImportError:
    Conv1D = None


@dataclass
class LoraConfig:
    r: int = 8
    lora_alpha: float = 16
    target_modules: Optional[List[str]] = field(default=None)
    bias: str = "none"


class Linear(nn.Linear):
    def __init__(self, base: nn.Linear, r: int, lora_alpha: float):
        nn.Module.__init__(self)
        self.in_features, self.out_features = base.in_features, base.out_features
        self.weight = base.weight
        self.bias = base.bias
        self.r = r
        self.scaling = lora_alpha / r
        kw = dict(bias=False, device=base.weight.device, dtype=base.weight.dtype)
        self.lora_A = nn.Linear(base.in_features, r, **kw)
        self.lora_B = nn.Linear(r, base.out_features, **kw)
        self.merged = False
        self.reset_lora_parameters()
        self.train(base.training)

    def reset_lora_parameters(self):
        nn.init.kaiming_uniform_(self.lora_A.weight, a=math.sqrt(5))
        nn.init.zeros_(self.lora_B.weight)

    def get_delta_weight(self):
        return self.lora_B.weight @ self.lora_A.weight * self.scaling

    @torch.no_grad()
    def merge(self):
        if not self.merged:
            self.weight += self.get_delta_weight()
            self.merged = True

    def forward(self, x):
        result = F.linear(x, self.weight, self.bias)
        if self.merged:
            return result
        return result + self.lora_B(self.lora_A(x)) * self.scaling


class LoraModel:
    def __init__(self, model, config):
        self.model, self.config = model, config
        self._mark_only_adapters_as_trainable()
        for key in [k for k, _ in model.named_modules()]:
            if self._check_target_module_exists(key):
                parent, target, target_name = self._get_submodules(key)
                if isinstance(target, nn.Linear):
                    setattr(parent, target_name, Linear(target, config.r, config.lora_alpha))
        self._mark_only_adapters_as_trainable()

    def _check_target_module_exists(self, key):
        if key in self.config.target_modules:
            return True
        return any(key.endswith(f".{t}") for t in self.config.target_modules)

    def _get_submodules(self, key):
        parent = self.model.get_submodule(".".join(key.split(".")[:-1]))
        target_name = key.split(".")[-1]
        return parent, self.model.get_submodule(key), target_name

    def _mark_only_adapters_as_trainable(self):
        for n, p in self.model.named_parameters():
            p.requires_grad = "lora_A" in n or "lora_B" in n


def get_peft_model(model, config):
    LoraModel(model, config)
    return model


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]
    return get_peft_model(model, LoraConfig(r=rank, lora_alpha=alpha, target_modules=target_modules))


class Trainer:
    def __init__(self, model, data, lr=2e-3, batch_size=16, seed=42):
        self.model, self.data, self.bs, self.seed = model, data, batch_size, seed
        self.opt = torch.optim.AdamW((p for p in model.parameters() if p.requires_grad), lr=lr)

    def train(self, num_train_epochs):
        x, y = self.data
        for epoch in range(num_train_epochs):
            g = torch.Generator().manual_seed(self.seed + epoch)
            perm = torch.randperm(len(x), generator=g)
            tot = 0.0
            for idx in perm.split(self.bs):
                loss = F.mse_loss(self.model(x[idx]), y[idx])
                loss.backward()
                self.opt.step()
                self.opt.zero_grad()
                tot += loss.item() * len(idx)
            yield tot / len(x)


def set_seed(seed):
    import random
    import numpy
    random.seed(seed)
    numpy.random.seed(seed)
    torch.manual_seed(seed)


def compare_target_modules(target_configs, n_epochs=50):
    results = {}
    for targets in target_configs:
        set_seed(42)
        data = generate_synthetic_data(64)
        model = SimpleTransformerBlock()
        model = add_lora_to_model_selective(model, 8, 16, targets)
        losses = list(Trainer(model, data).train(n_epochs))
        results["+".join(targets)] = {
            "target_modules": targets,
            "trainable_params": sum(p.numel() for p in model.parameters() if p.requires_grad),
            "losses": losses,
            "final_loss": losses[-1],
            # extra, handy for the table
            "all_params": sum(p.numel() for p in model.parameters()),
        }
    return results
