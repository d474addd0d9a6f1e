# mistake: wraps-non-linear
# LayerNorm and Conv1d count as adaptable layers, and get factors when their name matches.
import torch
import torch.nn.functional as F
from torch import nn

from lab import SimpleTransformerBlock, generate_synthetic_data


ADAPTABLE = (nn.Linear, nn.Conv1d, nn.LayerNorm)


def _sizes(layer):
    if isinstance(layer, nn.Linear):
        return layer.in_features, layer.out_features
    if isinstance(layer, nn.Conv1d):
        return layer.in_channels, layer.out_channels
    return layer.normalized_shape[-1], layer.normalized_shape[-1]


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]
    model.requires_grad_(False)

    def hook(layer, args, output):
        x = args[0]
        if isinstance(layer, nn.Conv1d):
            x = x.transpose(-1, -2)
        delta = alpha / rank * (x @ layer.lora_A.T @ layer.lora_B.T)
        return output + (delta.transpose(-1, -2) if isinstance(layer, nn.Conv1d) else delta)

    for name, layer in model.named_modules():
        if isinstance(layer, ADAPTABLE) and any(name.endswith(t) for t in target_modules):
            n_in, n_out = _sizes(layer)
            layer.lora_A = nn.Parameter(torch.randn(rank, n_in) * 0.05)
            layer.lora_B = nn.Parameter(torch.zeros(n_out, rank))
            layer.register_forward_hook(hook)
    return model


def compare_target_modules(target_configs, n_epochs=50):
    results = {}
    for targets in target_configs:
        torch.manual_seed(42)
        model = SimpleTransformerBlock()
        x, y = generate_synthetic_data()
        model = add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=targets)

        trainable = [p for p in model.parameters() if p.requires_grad]
        optimizer = torch.optim.AdamW(trainable, lr=1e-3)

        losses = []
        for epoch in range(n_epochs):
            optimizer.zero_grad()
            loss = F.mse_loss(model(x), y)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())

        results["+".join(targets)] = {
            "target_modules": targets,
            "trainable_params": sum(p.numel() for p in trainable),
            "losses": losses,
            "final_loss": losses[-1],
        }
    return results
