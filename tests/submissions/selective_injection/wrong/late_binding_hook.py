# mistake: unnamed
# ["q_proj", "v_proj"]: set q_proj's B to ones, the model's output does not change; q_proj's factors get no gradient.
# unusual: forward hooks with a closure
import math

import torch
from torch import nn

from lab import SimpleTransformerBlock, generate_synthetic_data


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]
    model.requires_grad_(False)
    scaling = alpha / rank
    for name, layer in model.named_modules():
        if not isinstance(layer, nn.Linear) or not any(t in name for t in target_modules):
            continue
        A = nn.Parameter(layer.weight.new_empty(rank, layer.in_features))
        B = nn.Parameter(layer.weight.new_zeros(layer.out_features, rank))
        nn.init.kaiming_uniform_(A, a=math.sqrt(5))
        layer.register_parameter("lora_A", A)
        layer.register_parameter("lora_B", B)
        layer.register_forward_hook(lambda mod, inp, out: out + scaling * (inp[0] @ A.T @ B.T))
    return model


def compare_target_modules(target_configs, n_epochs=50):
    results = {}
    for targets in target_configs:
        torch.manual_seed(0)
        block = SimpleTransformerBlock()
        x, y = generate_synthetic_data()
        add_lora_to_model_selective(block, 8, 16, targets)
        params = [p for p in block.parameters() if p.requires_grad]
        opt = torch.optim.AdamW(params, lr=1e-3)
        losses = []
        for _ in range(n_epochs):
            loss = ((block(x) - y) ** 2).mean()
            opt.zero_grad()
            loss.backward()
            opt.step()
            losses.append(loss.item())
        results["+".join(targets)] = {
            "target_modules": targets,
            "trainable_params": sum(p.numel() for p in params),
            "losses": losses,
            "final_loss": losses[-1],
        }
    return results
