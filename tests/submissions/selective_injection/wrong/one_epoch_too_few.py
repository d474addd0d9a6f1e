# mistake: epochs-off-by-one
# The epochs count from 1 to n_epochs - 1, one loss is missing.
import copy
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
        for epoch in range(1, n_epochs):
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
