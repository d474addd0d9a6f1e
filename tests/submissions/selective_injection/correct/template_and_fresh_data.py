# template and fresh data
import copy
import torch
from torch import nn
import torch.nn.functional as F
import numpy as np
from lab import SimpleTransformerBlock, generate_synthetic_data


class Low(nn.Module):
    def __init__(self, old: nn.Linear, rank: int, alpha: float) -> None:
        super().__init__()
        for n, t in old.state_dict().items():
            self.register_buffer("frozen_" + n, t)
        self.lora_A = nn.Parameter(torch.from_numpy(np.random.default_rng(0).normal(0, 0.05, (rank, old.in_features)).astype(np.float32)))
        self.lora_B = nn.Parameter(torch.zeros(old.out_features, rank))
        self.ratio = alpha / rank

    def forward(self, x):
        update = torch.einsum("...i,ri,or->...o", x, self.lora_A, self.lora_B)
        return F.linear(x, self.frozen_weight, getattr(self, "frozen_bias", None)) + self.ratio * update


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    targets = ["q_proj", "k_proj", "v_proj", "o_proj"] if target_modules is None else target_modules

    def visit(module, path):
        for p in module.parameters(recurse=False):
            p.requires_grad_(False)
        for name, child in list(module.named_children()):
            here = (*path, name)
            if isinstance(child, nn.Linear) and any(t in ".".join(here) for t in targets):
                module._modules[name] = Low(child, rank, alpha)
            else:
                visit(child, here)

    visit(model, ())
    return model


def compare_target_modules(target_configs, n_epochs=50):
    torch.manual_seed(40)
    template = SimpleTransformerBlock()
    results = {}
    for targets in target_configs:
        model = add_lora_to_model_selective(copy.deepcopy(template), target_modules=targets)
        adapters = [p for p in model.parameters() if p.requires_grad]
        opt = torch.optim.AdamW(adapters, lr=1e-3)
        losses = []
        for epoch in range(n_epochs):
            torch.manual_seed(1000 + epoch)      # new samples in each epoch, the same ones for each configuration
            x, y = generate_synthetic_data(64)
            loss = F.mse_loss(model(x), y)
            opt.zero_grad()
            loss.backward()
            opt.step()
            losses.append(loss.item())
        results["+".join(targets)] = {"target_modules": targets, "trainable_params": sum(p.numel() for p in adapters),
                                      "losses": losses, "final_loss": losses[-1]}
    return results
