# mistake: rest-not-frozen
# Relies on LoRALayer to freeze: it freezes the layer that it wraps, nothing else.
import re

import torch
import torch.nn.functional as F
from torch import nn

from lab import LoRALayer, SimpleTransformerBlock, generate_synthetic_data


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    names = ["q_proj", "k_proj", "v_proj", "o_proj"] if target_modules is None else target_modules
    pattern = re.compile("|".join(f"(?:^|\\.){re.escape(n)}$" for n in names)) if names else None
    hits = [n for n, m in model.named_modules() if type(m) is nn.Linear and pattern and pattern.search(n)]
    for hit in hits:
        *up, leaf = hit.split(".")
        owner = model.get_submodule(".".join(up))
        owner._modules[leaf] = LoRALayer(owner._modules[leaf], rank=rank, alpha=alpha)
    return model


def compare_target_modules(target_configs, n_epochs=50):
    def run(config):
        torch.manual_seed(99)
        net = SimpleTransformerBlock()
        x, y = generate_synthetic_data(64)
        add_lora_to_model_selective(net, 8, 16, config)
        trained = [p for p in net.parameters() if p.requires_grad]
        step = torch.optim.Adam(trained, lr=2e-3)
        curve = []
        while len(curve) < n_epochs:
            step.zero_grad()
            loss = F.mse_loss(net(x), y)
            loss.backward()
            step.step()
            curve.append(float(loss))
        return {
            "target_modules": config,
            "trainable_params": sum(map(torch.numel, trained)),
            "losses": curve,
            "final_loss": curve[-1],
        }

    return {"+".join(config): run(config) for config in target_configs}
