# mistake: scaling-applied-twice
# The scale is multiplied both to A x and to the whole update.
import math

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

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
        return h + F.linear(F.linear(x, self.lora_A) * self.scaling, self.lora_B) * self.scaling


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


def compare_target_modules(target_configs, n_epochs=50):
    criterion = nn.MSELoss()
    results = {}
    for targets in target_configs:
        # same weights, data, factors and batches for everyone
        torch.manual_seed(0)
        block = SimpleTransformerBlock()
        x, y = generate_synthetic_data()
        loader = DataLoader(TensorDataset(x, y), batch_size=32, shuffle=True)
        block = add_lora_to_model_selective(block, 8, 16, targets)
        params = [p for p in block.parameters() if p.requires_grad]
        opt = torch.optim.AdamW(params, lr=1e-3)

        history = []
        for _ in range(n_epochs):
            total = 0.0
            for xb, yb in loader:
                opt.zero_grad()
                loss = criterion(block(xb), yb)
                loss.backward()
                opt.step()
                total += loss.item()
            history.append(total / len(loader))

        key = "+".join(targets)
        results[key] = dict(
            target_modules=list(targets),
            trainable_params=sum(p.numel() for p in params),
            losses=history,
            final_loss=history[-1],
        )
    return results
