# mistake: empty-list-as-default
# `target_modules or [...]` takes the default for an empty list too.
import copy
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
        self.scale = alpha / r

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
    targets = target_modules or ["q_proj", "k_proj", "v_proj", "o_proj"]

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
    torch.manual_seed(7)
    template = SimpleTransformerBlock()
    inputs, targets = generate_synthetic_data()
    loss_fn = nn.MSELoss()
    results = {}

    for config in target_configs:
        torch.manual_seed(7)
        net = copy.deepcopy(template)
        add_lora_to_model_selective(net, rank=8, alpha=16, target_modules=config)
        net.train()
        adapter_params = [p for p in net.parameters() if p.requires_grad]
        optimizer = torch.optim.Adam(adapter_params, lr=1e-3)

        losses = []
        for epoch in range(n_epochs):
            prediction = net(inputs)
            loss = loss_fn(prediction, targets)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(float(loss.detach()))

        results["+".join(config)] = {
            "target_modules": config,
            "trainable_params": sum(p.numel() for p in adapter_params),
            "losses": losses,
            "final_loss": losses[-1],
        }

    return results
