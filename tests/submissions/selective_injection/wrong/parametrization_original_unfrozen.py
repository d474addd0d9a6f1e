# mistake: unnamed
# Any model: the pretrained weight is now called parametrizations.weight.original and is still trainable.
import torch.nn.utils.parametrize as parametrize
import torch
from torch import nn

from lab import SimpleTransformerBlock, generate_synthetic_data


class LowRank(nn.Module):
    """weight -> weight + (alpha / rank) B A"""

    def __init__(self, out_features, in_features, rank, alpha):
        super().__init__()
        self.scale = alpha / rank
        self.lora_A = nn.Parameter(torch.randn(rank, in_features) / in_features**0.5)
        self.lora_B = nn.Parameter(torch.zeros(out_features, rank))

    def forward(self, weight):
        return weight + self.scale * self.lora_B @ self.lora_A


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]
    linears = [m for n, m in model.named_modules() if isinstance(m, nn.Linear) and n.split(".")[-1] in target_modules]
    for layer in linears:
        parametrize.register_parametrization(layer, "weight", LowRank(*layer.weight.shape, rank, alpha))
    # freeze the pretrained parameters
    for name, p in model.named_parameters():
        if "parametrizations" not in name:
            p.requires_grad_(False)
    return model


def compare_target_modules(target_configs, n_epochs=50):
    results = {}
    for targets in target_configs:
        torch.manual_seed(0)
        x, y = generate_synthetic_data()
        block = SimpleTransformerBlock()
        block = add_lora_to_model_selective(block, rank=8, alpha=16, target_modules=targets)
        params = [p for p in block.parameters() if p.requires_grad]
        optimizer = torch.optim.AdamW(params, lr=1e-3)
        losses = []
        for _ in range(n_epochs):
            optimizer.zero_grad()
            loss = nn.functional.mse_loss(block(x), y)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        results["+".join(targets)] = {
            "target_modules": targets,
            "trainable_params": sum(p.numel() for p in params),
            "losses": losses,
            "final_loss": losses[-1],
        }
    return results
