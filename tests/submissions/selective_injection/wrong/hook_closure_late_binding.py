# mistake: unnamed
# Q_proj and k_proj wrapped: q_proj's output follows k_proj's factors; set q_proj's B, q_proj's output stays.
import torch
from torch import nn

from lab import SimpleTransformerBlock, generate_synthetic_data


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]
    model.requires_grad_(False)
    scale = alpha / rank
    for name, layer in list(model.named_modules()):
        if isinstance(layer, nn.Linear) and any(name.endswith(t) for t in target_modules):
            A = nn.Parameter(torch.randn(rank, layer.in_features) * 0.02)
            B = nn.Parameter(torch.zeros(layer.out_features, rank))
            layer.register_parameter("lora_A", A)
            layer.register_parameter("lora_B", B)
            layer.register_forward_hook(lambda mod, args, out: out + scale * (args[0] @ A.T @ B.T))
    return model


def compare_target_modules(target_configs, n_epochs=50):
    results = {}
    for targets in target_configs:
        torch.manual_seed(0)
        x, y = generate_synthetic_data()
        block = SimpleTransformerBlock()
        block = add_lora_to_model_selective(block, rank=8, alpha=16, target_modules=targets)
        params = [p for p in block.parameters() if p.requires_grad]
        optimizer = torch.optim.AdamW(params, lr=1e-3)
        losses = []
        for _ in range(n_epochs):
            optimizer.zero_grad()
            loss = nn.functional.mse_loss(block(x), y)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        results["+".join(targets)] = {
            "target_modules": targets,
            "trainable_params": sum(p.numel() for p in params),
            "losses": losses,
            "final_loss": losses[-1],
        }
    return results
