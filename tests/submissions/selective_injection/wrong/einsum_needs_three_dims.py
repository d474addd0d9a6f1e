# mistake: unnamed
# Nn.ModuleDict/Sequential MLP on a (batch, features) input: einsum wants three dimensions.
import torch
from torch import nn

from lab import SimpleTransformerBlock, generate_synthetic_data


class LoRALinear(nn.Module):
    def __init__(self, base, rank, alpha):
        super().__init__()
        self.base = base
        self.lora_A = nn.Parameter(torch.empty(rank, base.in_features).normal_(std=0.02))
        self.lora_B = nn.Parameter(torch.zeros(base.out_features, rank))
        self.s = alpha / rank

    def forward(self, x):
        low = torch.einsum("btd,rd->btr", x, self.lora_A)
        return self.base(x) + self.s * torch.einsum("btr,or->bto", low, self.lora_B)


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]
    model.requires_grad_(False)
    for parent in list(model.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, nn.Linear) and name in target_modules:
                setattr(parent, name, LoRALinear(child, rank, alpha))
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
