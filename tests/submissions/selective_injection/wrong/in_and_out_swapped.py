# mistake: in-and-out-swapped
# Reads (in, out) from weight.shape, which is (out, in): right for square layers, a crash for all others.
import torch
import torch.nn.functional as F
from torch import nn

from lab import SimpleTransformerBlock, generate_synthetic_data


def _attach_lora(layer, rank, alpha):
    """Put the factors on the layer itself and let a forward hook add their part to the output."""
    d_in, d_out = layer.weight.shape
    layer.register_parameter("lora_A", nn.Parameter(torch.randn(rank, d_in) * 0.02))
    layer.register_parameter("lora_B", nn.Parameter(torch.zeros(d_out, rank)))
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
