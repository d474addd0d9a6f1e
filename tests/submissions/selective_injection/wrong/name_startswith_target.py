# mistake: exact-name-only
# The dotted name has to start with the target, so blocks.0.q_proj does not match q_proj.
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils import parametrize

from lab import SimpleTransformerBlock, generate_synthetic_data


class LowRankUpdate(nn.Module):
    """weight -> weight + alpha / rank * B @ A"""

    def __init__(self, out_features, in_features, rank, alpha):
        super().__init__()
        self.lora_A = nn.Parameter(torch.randn(rank, in_features) / in_features**0.5)
        self.lora_B = nn.Parameter(torch.zeros(out_features, rank))
        self.scaling = alpha / rank

    def forward(self, weight):
        return weight + self.scaling * self.lora_B @ self.lora_A


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]
    model.requires_grad_(False)
    layers = [
        module
        for name, module in model.named_modules()
        if isinstance(module, nn.Linear) and any(name.startswith(t) for t in target_modules)
    ]
    for layer in layers:
        update = LowRankUpdate(layer.out_features, layer.in_features, rank, alpha)
        parametrize.register_parametrization(layer, "weight", update)
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
