# mistake: wrong-keys
# The targets are sorted before they are joined, so ['v_proj', 'q_proj'] becomes q_proj+v_proj.
import numpy as np
import torch
from torch import nn

from lab import SimpleTransformerBlock, generate_synthetic_data


def _attach_lora(layer, rank, alpha):
    """Put the factors on the layer itself and let a forward hook add their part to the output."""
    layer.register_parameter("lora_A", nn.Parameter(torch.randn(rank, layer.in_features) * 0.02))
    layer.register_parameter("lora_B", nn.Parameter(torch.zeros(layer.out_features, rank)))
    scaling = alpha / rank

    def lora_hook(module, args, output):
        (x,) = args
        return output + scaling * (x @ module.lora_A.t()) @ module.lora_B.t()

    layer.register_forward_hook(lora_hook)


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]
    for p in model.parameters():
        p.requires_grad_(False)
    for name, layer in model.named_modules():
        if not isinstance(layer, nn.Linear):
            continue
        if any(pattern in name for pattern in target_modules):
            _attach_lora(layer, rank, alpha)
    return model


def compare_target_modules(target_configs, n_epochs=50):
    batch_size = 32
    out = dict()
    for cfg in target_configs:
        torch.manual_seed(2024)
        model = SimpleTransformerBlock()
        X, Y = generate_synthetic_data(128)
        model = add_lora_to_model_selective(model, target_modules=cfg)
        lora_params = list(filter(lambda p: p.requires_grad, model.parameters()))
        optim = torch.optim.AdamW(lora_params, lr=1e-3)

        losses = []
        for ep in range(n_epochs):
            perm = torch.randperm(len(X))
            batch_losses = []
            for start in range(0, len(X), batch_size):
                idx = perm[start : start + batch_size]
                loss = ((model(X[idx]) - Y[idx]) ** 2).mean()
                optim.zero_grad()
                loss.backward()
                optim.step()
                batch_losses.append(loss.item())
            losses.append(float(np.mean(batch_losses)))

        entry = {}
        entry["target_modules"] = cfg
        entry["trainable_params"] = int(sum(p.numel() for p in lora_params))
        entry["losses"] = losses
        entry["final_loss"] = losses[-1]
        out["+".join(sorted(cfg))] = entry
    return out
