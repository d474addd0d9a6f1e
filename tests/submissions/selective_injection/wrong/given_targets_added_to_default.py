# mistake: data-differs + targets-added-to-default
# The given targets come on top of the default ones instead of replacing them.
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
    targets = ["q_proj", "k_proj", "v_proj", "o_proj"]
    if target_modules is not None:
        targets += [t for t in target_modules if t not in targets]
    model.requires_grad_(False)
    modules = dict(model.named_modules())
    for name, module in modules.items():
        if isinstance(module, nn.Linear) and is_target(name, targets):
            if "." in name:
                parent_name, attr = name.rsplit(".", 1)
                parent = modules[parent_name]
            else:
                parent, attr = model, name
            setattr(parent, attr, LinearWithLoRA(module, rank, alpha))
    return model


def compare_target_modules(target_configs, n_epochs=50):
    results = {}
    for targets in target_configs:
        torch.manual_seed(11)
        model = SimpleTransformerBlock()
        add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=targets)
        params = [p for p in model.parameters() if p.requires_grad]
        opt = torch.optim.AdamW(params, lr=1e-3, weight_decay=0.0)
        mse = nn.MSELoss()
        losses = []
        for _ in range(n_epochs):
            x, y = generate_synthetic_data(64)  # new samples of the same task each epoch
            loss = mse(model(x), y)
            opt.zero_grad()
            loss.backward()
            opt.step()
            losses.append(loss.item())
        results["+".join(targets)] = {
            "target_modules": targets,
            "trainable_params": sum(p.numel() for p in params),
            "losses": losses,
            "final_loss": losses[-1],
        }
    return results
