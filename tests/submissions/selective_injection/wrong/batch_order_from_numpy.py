# mistake: depends-on-order
# The batches are shuffled by numpy, which is not seeded per configuration: the losses depend on the position.
import numpy as np
import torch
import torch.nn as nn

from lab import LoRALayer, SimpleTransformerBlock, generate_synthetic_data


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    """Look at the children of every module and swap those that are asked for."""
    targets = ["q_proj", "k_proj", "v_proj", "o_proj"]
    if target_modules is not None:
        targets = list(target_modules)

    model.requires_grad_(False)

    for prefix, parent in list(model.named_modules()):
        for attr, child in list(parent.named_children()):
            path = (prefix + "." + attr).lstrip(".")
            if isinstance(child, nn.Linear) and any(path.endswith(t) for t in targets):
                parent._modules[attr] = LoRALayer(child, rank, alpha)

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
        optim = torch.optim.AdamW(lora_params, lr=5e-3)

        losses = []
        for ep in range(n_epochs):
            perm = torch.from_numpy(np.random.permutation(len(X)))
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
        out["+".join(cfg)] = entry
    return out
