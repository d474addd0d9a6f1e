# unusual: two hooks (a pre-hook stores A x, a post-hook adds s B A x); factors are nn.Linear submodules added to the untouched layer: `q_proj.lora_A.weight`. Hooks are all right. Epoch loss: median of the batches, data order by itertools.
import itertools
import statistics

import torch
from torch import nn

from lab import SimpleTransformerBlock, generate_synthetic_data


def before(layer, args):
    layer._low.append(layer.lora_A(args[0]))


def after(layer, args, y):
    return y + layer.lora_B(layer._low.pop()) * layer._alpha / layer._rank


def grow(layer, rank, alpha):
    w = layer.weight
    layer.lora_A = nn.Linear(layer.in_features, rank, bias=False).to(w)
    layer.lora_B = nn.Linear(rank, layer.out_features, bias=False).to(w)
    nn.init.zeros_(layer.lora_B.weight)
    layer._rank, layer._alpha, layer._low = rank, alpha, []
    layer.register_forward_pre_hook(before)
    layer.register_forward_hook(after)


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    patterns = ["q_proj", "k_proj", "v_proj", "o_proj"] if target_modules is None else target_modules
    chosen = [m for n, m in model.named_modules() if isinstance(m, nn.Linear) and any(p in n for p in patterns)]
    model.requires_grad_(False)
    for m in chosen:
        grow(m, rank, alpha)
    return model


def compare_target_modules(target_configs, n_epochs=50):
    results = {}
    for targets in target_configs:
        torch.manual_seed(9)
        x, y = generate_synthetic_data()
        block = add_lora_to_model_selective(SimpleTransformerBlock(), 8, 16, targets)
        params = [p for p in block.parameters() if p.requires_grad]
        opt = torch.optim.Adam(params, lr=1e-3)
        losses = []
        for _ in itertools.repeat(None, n_epochs):
            vals = []
            for xb, yb in itertools.islice(zip(x.split(16), y.split(16)), 8):
                opt.zero_grad()
                loss = nn.functional.mse_loss(block(xb) - xb, yb - xb)
                loss.backward()
                opt.step()
                vals.append(loss.item())
            losses.append(statistics.median(vals))
        results["+".join(targets)] = {"target_modules": targets, "trainable_params": sum(p.numel() for p in params),
                                      "losses": losses, "final_loss": losses[-1]}
    return results
