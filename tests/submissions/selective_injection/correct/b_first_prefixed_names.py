# style: factors called adapter_lora_B and adapter_lora_A (names end as asked), B registered first; dataclass rows and asdict
import math
from dataclasses import asdict, dataclass, field

import torch
from torch import nn

from lab import SimpleTransformerBlock, generate_synthetic_data


class Adapter(nn.Module):
    def __init__(self, inner: nn.Linear, rank: int, alpha: float):
        super().__init__()
        o, i = inner.weight.shape
        self.adapter_lora_B = nn.Parameter(torch.zeros(o, rank))
        self.adapter_lora_A = nn.Parameter((2 * torch.rand(rank, i) - 1) / math.sqrt(i))
        self.inner = inner
        self.rank, self.alpha = rank, alpha

    def forward(self, x):
        delta = self.adapter_lora_B @ (self.adapter_lora_A @ x.unsqueeze(-1))
        return self.inner(x) + self.alpha * delta.squeeze(-1) / self.rank


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = "q_proj k_proj v_proj o_proj".split()
    for parameter in model.parameters():
        parameter.requires_grad = False
    linears = {name: m for name, m in model.named_modules() if isinstance(m, nn.Linear)}
    for name, m in linears.items():
        if any(name.endswith(t) for t in target_modules):
            model.set_submodule(name, Adapter(m, rank, alpha))
    return model


@dataclass
class Row:
    target_modules: list
    trainable_params: int = 0
    losses: list = field(default_factory=list)
    final_loss: float = float("nan")


def compare_target_modules(target_configs, n_epochs=50):
    rows = {}
    for targets in target_configs:
        row = Row(list(targets))
        torch.manual_seed(17)
        model = SimpleTransformerBlock()
        x, y = generate_synthetic_data(32)
        add_lora_to_model_selective(model, 8, 16, targets)
        live = [p for p in model.parameters() if p.requires_grad]
        row.trainable_params = sum(p.numel() for p in live)
        opt = torch.optim.SGD(live, lr=1.0)
        for _ in range(n_epochs):
            opt.zero_grad()
            loss = nn.functional.mse_loss(model(x), y)
            loss.backward()
            opt.step()
            row.losses.append(loss.item())
            row.final_loss = row.losses[-1]
        rows["+".join(targets)] = asdict(row)
    return rows
