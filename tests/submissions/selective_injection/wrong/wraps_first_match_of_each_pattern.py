# mistake: wraps-first-match-only
# For each pattern the search ends at the first layer, so only the first block is adapted.
import math

import torch
import torch.nn.functional as F
from torch import nn

from lab import SimpleTransformerBlock, generate_synthetic_data


class LoRAWrapper(nn.Module):
    def __init__(self, inner: nn.Linear, rank: int, alpha: float):
        super().__init__()
        self.inner = inner
        self.lora_A = nn.Parameter(torch.empty(rank, inner.in_features))
        self.lora_B = nn.Parameter(torch.zeros(inner.out_features, rank))
        nn.init.kaiming_uniform_(self.lora_A, a=math.sqrt(5))
        self.scaling = alpha / rank

    def forward(self, x):
        return self.inner(x) + (x @ self.lora_A.T) @ self.lora_B.T * self.scaling


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    targets = ["q_proj", "k_proj", "v_proj", "o_proj"] if target_modules is None else target_modules
    for p in model.parameters():
        p.requires_grad = False
    for target in targets:
        name = next(
            (n for n, m in model.named_modules() if n.endswith(target) and isinstance(m, nn.Linear)), None
        )
        if name is None:
            continue
        parent, _, attr = name.rpartition(".")
        layer = model.get_submodule(name)
        setattr(model.get_submodule(parent), attr, LoRAWrapper(layer, rank, alpha))
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
    results = {}
    for targets in target_configs:
        experiment = Experiment(targets)
        for _ in range(n_epochs):
            experiment.epoch()
        results["+".join(targets)] = experiment.report()
    return results
