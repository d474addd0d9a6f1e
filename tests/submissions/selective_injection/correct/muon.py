# mistake: none | contract: fulfilled
# style: Muon: momentum, then a Newton-Schulz iteration makes each factor's step nearly orthogonal; an Optimizer subclass; skip_init factors
import math

import torch
from torch import nn

from lab import SimpleTransformerBlock, generate_synthetic_data

ATTENTION = ["q_proj", "k_proj", "v_proj", "o_proj"]


class LowRank(nn.Module):
    def __init__(self, base, rank, alpha):
        super().__init__()
        self.base = base
        self.lora_A = nn.utils.skip_init(nn.Linear, base.in_features, rank, bias=False)
        self.lora_B = nn.utils.skip_init(nn.Linear, rank, base.out_features, bias=False)
        nn.init.normal_(self.lora_A.weight, std=1 / math.sqrt(base.in_features))
        nn.init.zeros_(self.lora_B.weight)
        self.scaling = alpha / rank

    def forward(self, x):
        return torch.add(self.base(x), self.lora_B(self.lora_A(x)), alpha=self.scaling)


class Muon(torch.optim.Optimizer):
    def __init__(self, params, lr=0.02, momentum=0.9):
        super().__init__(params, dict(lr=lr, momentum=momentum))

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                m = self.state[p].setdefault("m", torch.zeros_like(p))
                m.mul_(group["momentum"]).add_(p.grad)
                g = m / (m.norm() + 1e-12)
                wide = g if g.shape[0] <= g.shape[1] else g.T
                for _ in range(5):
                    s = wide @ wide.T
                    wide = 3.4445 * wide + (-4.7750 * s + 2.0315 * s @ s) @ wide
                p.sub_(group["lr"] * (wide if g.shape[0] <= g.shape[1] else wide.T))


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = ATTENTION
    model.requires_grad_(False)
    for name, module in list(model.named_modules()):
        if isinstance(module, nn.Linear) and any(target in name for target in target_modules):
            parent, _, child = name.rpartition(".")
            setattr(model.get_submodule(parent), child, LowRank(module, rank, alpha))
    return model


def compare_target_modules(target_configs, n_epochs=50):
    results = {}
    for targets in target_configs:
        torch.manual_seed(0)
        block = SimpleTransformerBlock()
        x, y = generate_synthetic_data(64)
        add_lora_to_model_selective(block, rank=8, alpha=16, target_modules=targets)
        params = [p for p in block.parameters() if p.requires_grad]
        optimizer = Muon(params, lr=0.02)
        losses = []
        for epoch in range(n_epochs):
            loss = nn.functional.mse_loss(block(x), y)
            optimizer.zero_grad()
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
