# mistake: adapters-without-effect
# The hook computes the new output but does not return it, so the adapters have no effect at all.
import torch
import torch.nn.functional as F
from torch import nn

from lab import SimpleTransformerBlock, generate_synthetic_data


def _attach_lora(layer, rank, alpha):
    """Put the factors on the layer itself and let a forward hook add their part to the output."""
    layer.register_parameter("lora_A", nn.Parameter(torch.randn(rank, layer.in_features) * 0.02))
    layer.register_parameter("lora_B", nn.Parameter(torch.zeros(layer.out_features, rank)))
    scaling = alpha / rank

    def lora_hook(module, args, output):
        (x,) = args
        output = output + scaling * (x @ module.lora_A.t()) @ module.lora_B.t()

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
    all_results = {}
    for targets in target_configs:
        torch.manual_seed(0)
        block = SimpleTransformerBlock()
        x, y = generate_synthetic_data()
        add_lora_to_model_selective(block, rank=8, alpha=16, target_modules=targets)
        adapters = [p for n, p in block.named_parameters() if "lora_" in n]
        optimizer = torch.optim.AdamW(adapters, lr=1e-3)
        losses = []
        for _ in range(n_epochs):
            block.zero_grad()
            loss = F.mse_loss(block(x), y)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        all_results["+".join(targets)] = {
            "target_modules": targets,
            "trainable_params": sum(p.numel() for p in block.parameters() if p.requires_grad),
            "losses": losses,
            "final_loss": losses[-1],
        }
    return all_results
