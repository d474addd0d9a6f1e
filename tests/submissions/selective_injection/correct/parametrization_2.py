# style: torch.nn.utils.parametrize: the weight itself becomes W + s B A; deepcopy of one pristine block
import copy

import torch
from torch import nn
from torch.nn.utils import parametrize

from lab import SimpleTransformerBlock, generate_synthetic_data


class LowRankUpdate(nn.Module):
    def __init__(self, out_features, in_features, rank, alpha):
        super().__init__()
        self.lora_A = nn.Parameter(torch.randn(rank, in_features) / in_features**0.5)
        self.lora_B = nn.Parameter(torch.zeros(out_features, rank))
        self.scale = alpha / rank

    def forward(self, W):
        return W + self.scale * (self.lora_B @ self.lora_A)


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]
    model.requires_grad_(False)
    hits = [m for n, m in model.named_modules() if isinstance(m, nn.Linear) and any(t in n for t in target_modules)]
    for layer in hits:
        update = LowRankUpdate(layer.out_features, layer.in_features, rank, alpha)
        parametrize.register_parametrization(layer, "weight", update)
        layer.parametrizations.weight.original.requires_grad_(False)
    return model


def compare_target_modules(target_configs, n_epochs=50):
    torch.manual_seed(11)
    pristine = SimpleTransformerBlock()
    x, y = generate_synthetic_data(80)
    results = {}
    for targets in target_configs:
        model = copy.deepcopy(pristine)
        torch.manual_seed(12)
        add_lora_to_model_selective(model, 8, 16, targets)
        params = [p for p in model.parameters() if p.requires_grad]
        opt = torch.optim.Adam(params, lr=2e-3)
        losses = []
        for epoch in range(n_epochs):
            for xb, yb in zip(x.split(40), y.split(40)):
                opt.zero_grad()
                loss = (model(xb) - yb).pow(2).mean()
                loss.backward()
                opt.step()
            losses.append(loss.item())  # the last batch speaks for the epoch
        results["+".join(targets)] = dict(
            target_modules=targets, trainable_params=sum(p.numel() for p in params), losses=losses, final_loss=losses[-1]
        )
    return results
