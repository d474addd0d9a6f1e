# mistake: unnamed
# B starts random and B A is subtracted from the pretrained weight to keep the output (PiSSA style).
import math

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from lab import SimpleTransformerBlock, generate_synthetic_data


class LoRALinear(nn.Module):
    """W stays frozen, B @ A is learnt."""

    def __init__(self, linear: nn.Linear, r: int, alpha: float):
        super().__init__()
        self.base = linear
        self.lora_A = nn.Parameter(torch.empty(r, linear.in_features))
        self.lora_B = nn.Parameter(torch.randn(linear.out_features, r) / 16)
        nn.init.kaiming_uniform_(self.lora_A, a=math.sqrt(5))
        self.scale = alpha / r
        with torch.no_grad():
            self.base.weight -= self.scale * self.lora_B @ self.lora_A

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
