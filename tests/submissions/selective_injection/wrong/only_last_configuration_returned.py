# mistake: configurations-missing
# The result is made anew for each configuration, so only the last one is in it.
import math

import torch
import torch.nn.functional as F
from torch import nn

from lab import SimpleTransformerBlock, generate_synthetic_data


class LinearWithLoRA(nn.Linear):
    """An nn.Linear that has a low-rank update beside its weight."""

    def __init__(self, old: nn.Linear, rank: int, alpha: float) -> None:
        super().__init__(old.in_features, old.out_features, bias=old.bias is not None)
        self.weight = old.weight
        self.bias = old.bias
        self.scaling = alpha / rank
        self.lora_A = nn.Parameter(torch.zeros(rank, old.in_features))
        self.lora_B = nn.Parameter(torch.zeros(old.out_features, rank))
        nn.init.normal_(self.lora_A, std=1 / math.sqrt(old.in_features))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        h = F.linear(x, self.weight, self.bias)
        return h + F.linear(F.linear(x, self.lora_A), self.lora_B) * self.scaling


def is_target(name: str, targets: list[str]) -> bool:
    for t in targets:
        if name == t or name.endswith("." + t):
            return True
    return False


def add_lora_to_model_selective(
    model: nn.Module, rank: int = 8, alpha: float = 16, target_modules: list[str] | None = None
) -> nn.Module:
    if target_modules is None:
        target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]
    model.requires_grad_(False)
    modules = dict(model.named_modules())
    for name, module in modules.items():
        if isinstance(module, nn.Linear) and is_target(name, target_modules):
            if "." in name:
                parent_name, attr = name.rsplit(".", 1)
                parent = modules[parent_name]
            else:
                parent, attr = model, name
            setattr(parent, attr, LinearWithLoRA(module, rank, alpha))
    return model


class Experiment:
    """One configuration: build everything under the seed, train, report."""

    def __init__(self, targets, seed=3):
        torch.manual_seed(seed)
        self.targets = targets
        self.data = generate_synthetic_data()
        self.block = add_lora_to_model_selective(SimpleTransformerBlock(), 8, 16, targets)
        self.params = [p for p in self.block.parameters() if p.requires_grad]
        self.optimizer = torch.optim.AdamW(self.params, lr=1e-3)
        self.losses = []

    def epoch(self):
        x, y = self.data
        self.optimizer.zero_grad()
        loss = F.mse_loss(self.block(x), y)
        loss.backward()
        self.optimizer.step()
        self.losses.append(loss.item())

    def report(self):
        return {
            "target_modules": self.targets,
            "trainable_params": sum(p.numel() for p in self.params),
            "losses": self.losses,
            "final_loss": self.losses[-1],
        }


def compare_target_modules(target_configs, n_epochs=50):
    for targets in target_configs:
        results = {}
        experiment = Experiment(targets)
        for _ in range(n_epochs):
            experiment.epoch()
        results["+".join(targets)] = experiment.report()
    return results
