# mistake: none | contract: fulfilled
# style: no backward pass: the directional derivative along a random direction (forward mode, torch.func.jvp) times the direction is the step
import torch
from torch import nn

from lab import LoRALayer, SimpleTransformerBlock, generate_synthetic_data

ATTENTION = ["q_proj", "k_proj", "v_proj", "o_proj"]


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = ATTENTION
    model.requires_grad_(False)
    for name, module in list(model.named_modules()):
        if isinstance(module, nn.Linear) and any(target in name for target in target_modules):
            parent, _, child = name.rpartition(".")
            setattr(model.get_submodule(parent), child, LoRALayer(module, rank, alpha))
    return model


def compare_target_modules(target_configs, n_epochs=50):
    results = {}
    for targets in target_configs:
        torch.manual_seed(0)
        block = SimpleTransformerBlock()
        x, y = generate_synthetic_data(16)
        add_lora_to_model_selective(block, rank=8, alpha=16, target_modules=targets)
        params = [p for p in block.parameters() if p.requires_grad]
        names = [n for n, p in block.named_parameters() if p.requires_grad]
        values = tuple(p.detach() for p in params)
        directions = torch.Generator().manual_seed(1)

        def error(*factors):
            out = torch.func.functional_call(block, dict(zip(names, factors)), (x,))
            return nn.functional.mse_loss(out, y)

        losses = []
        for epoch in range(n_epochs):
            total = [torch.zeros_like(v) for v in values]
            for _ in range(4):
                v = tuple(torch.randn(p.shape, generator=directions) for p in values)
                loss, slope = torch.func.jvp(error, values, v)
                total = [t + slope * d / 4 for t, d in zip(total, v)]
            with torch.no_grad():
                for p, t in zip(params, total):
                    p -= 0.1 * t
            losses.append(float(loss))
        results["+".join(targets)] = {
            "target_modules": targets,
            "trainable_params": sum(p.numel() for p in params),
            "losses": losses,
            "final_loss": losses[-1],
        }
    return results
