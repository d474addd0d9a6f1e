# mistake: alpha-rounded + data-differs
# The scale is alpha // rank: 0 when alpha is below the rank, rounded down when it is no multiple.
import math

import torch
from torch import nn

from lab import SimpleTransformerBlock, generate_synthetic_data


class LoRALinear(nn.Module):
    """W stays frozen, B @ A is learnt."""

    def __init__(self, linear: nn.Linear, r: int, alpha: float):
        super().__init__()
        self.base = linear
        self.lora_A = nn.Parameter(torch.empty(r, linear.in_features))
        self.lora_B = nn.Parameter(torch.zeros(linear.out_features, r))
        nn.init.kaiming_uniform_(self.lora_A, a=math.sqrt(5))
        self.scale = alpha // r

    def forward(self, x):
        return self.base(x) + self.scale * (x @ self.lora_A.T @ self.lora_B.T)


def _parent_of(model: nn.Module, dotted: str):
    *path, last = dotted.split(".")
    parent = model
    for part in path:
        parent = getattr(parent, part)
    return parent, last


def add_lora_to_model_selective(
    model: nn.Module, rank: int = 8, alpha: float = 16, target_modules: list[str] | None = None
) -> nn.Module:
    targets = ["q_proj", "k_proj", "v_proj", "o_proj"] if target_modules is None else target_modules

    # 1. freeze everything
    for p in model.parameters():
        p.requires_grad = False

    # 2. find the layers
    found = []
    for name, module in model.named_modules():
        if isinstance(module, nn.Linear) and any(name.endswith(t) for t in targets):
            found.append((name, module))

    # 3. wrap them
    for name, module in found:
        parent, last = _parent_of(model, name)
        setattr(parent, last, LoRALinear(module, rank, alpha))
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
