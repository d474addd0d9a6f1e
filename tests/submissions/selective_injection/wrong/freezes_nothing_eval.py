# mistake: freezes-nothing
# Takes model.eval() for freezing, which does not touch requires_grad.
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
    model.eval()  # freeze the base model
    layers = [
        module
        for name, module in model.named_modules()
        if isinstance(module, nn.Linear) and any(t in name for t in target_modules)
    ]
    for layer in layers:
        update = LowRankUpdate(layer.out_features, layer.in_features, rank, alpha)
        parametrize.register_parametrization(layer, "weight", update)
    return model


def compare_target_modules(target_configs, n_epochs=50):
    all_results = {}
    for targets in target_configs:
        torch.manual_seed(0)
        block = SimpleTransformerBlock()
        x, y = generate_synthetic_data()
        add_lora_to_model_selective(block, rank=8, alpha=16, target_modules=targets)
        adapters = [p for n, p in block.named_parameters() if "lora_" in n]
        optimizer = torch.optim.AdamW(adapters, lr=1e-3)
        losses = []
        for _ in range(n_epochs):
            block.zero_grad()
            loss = F.mse_loss(block(x), y)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        all_results["+".join(targets)] = {
            "target_modules": targets,
            "trainable_params": sum(p.numel() for p in block.parameters() if p.requires_grad),
            "losses": losses,
            "final_loss": losses[-1],
        }
    return all_results
