# mistake: final-loss-not-last
# final_loss is the mean of all epochs.
import torch
import torch.nn.functional as F
from torch import nn

from lab import SimpleTransformerBlock, generate_synthetic_data


def _attach_lora(layer, rank, alpha):
    """Put the factors on the layer itself and let a forward hook add their part to the output."""
    layer.register_parameter("lora_A", nn.Parameter(torch.randn(rank, layer.in_features) * 0.02))
    layer.register_parameter("lora_B", nn.Parameter(torch.zeros(layer.out_features, rank)))
    scaling = alpha / rank

    def lora_hook(module, args, output):
        (x,) = args
        return output + scaling * (x @ module.lora_A.t()) @ module.lora_B.t()

    layer.register_forward_hook(lora_hook)


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]
    for p in model.parameters():
        p.requires_grad_(False)
    for name, layer in model.named_modules():
        if not isinstance(layer, nn.Linear):
            continue
        if any(pattern in name for pattern in target_modules):
            _attach_lora(layer, rank, alpha)
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
            "final_loss": sum(self.losses) / len(self.losses),
        }


def compare_target_modules(target_configs, n_epochs=50):
    results = {}
    for targets in target_configs:
        experiment = Experiment(targets)
        for _ in range(n_epochs):
            experiment.epoch()
        results["+".join(targets)] = experiment.report()
    return results
