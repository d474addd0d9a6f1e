# mistake: unnamed
# M = SimpleTransformerBlock(32, 4); add_lora_to_model_selective(m) is m -> False.
# tools: sklearn mindset, clone() before fit
import copy
from typing import Optional

import torch
from torch import nn

from lab import LoRALayer, SimpleTransformerBlock, generate_synthetic_data


def add_lora_to_model_selective(model: nn.Module, rank=8, alpha=16, target_modules: Optional[list] = None):
    """Like sklearn.base.clone: never touch what the caller gave us."""
    targets = ["q_proj", "k_proj", "v_proj", "o_proj"] if target_modules is None else list(target_modules)
    model = copy.deepcopy(model)
    model.requires_grad_(False)
    for name, layer in list(model.named_modules()):
        if isinstance(layer, nn.Linear) and any(t in name for t in targets):
            parent, _, leaf = name.rpartition(".")
            setattr(model.get_submodule(parent), leaf, LoRALayer(layer, rank, alpha))
    return model


def compare_target_modules(target_configs, n_epochs=50):
    torch.manual_seed(0)
    estimator = SimpleTransformerBlock()
    X, y = generate_synthetic_data()
    scores = {}
    for targets in target_configs:
        torch.manual_seed(1)
        est = add_lora_to_model_selective(estimator, 8, 16, targets)
        params = [p for p in est.parameters() if p.requires_grad]
        opt = torch.optim.AdamW(params, lr=1e-3)
        losses = []
        for _ in range(n_epochs):
            opt.zero_grad()
            loss = nn.functional.mse_loss(est(X), y)
            loss.backward()
            opt.step()
            losses.append(loss.item())
        scores["+".join(targets)] = {
            "target_modules": targets,
            "trainable_params": sum(p.numel() for p in params),
            "losses": losses,
            "final_loss": losses[-1],
        }
    return scores
