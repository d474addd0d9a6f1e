# mistake: none | contract: fulfilled
# style: freezing replaces every Parameter object of the model by a new frozen one over the same memory; the modules stay the same objects
import torch
from torch import nn

from lab import LoRALayer, SimpleTransformerBlock, generate_synthetic_data

ATTENTION = ["q_proj", "k_proj", "v_proj", "o_proj"]


def refreeze(module):
    for name, p in module._parameters.items():
        if p is not None:
            module._parameters[name] = nn.Parameter(p.detach(), requires_grad=False)


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    wanted = ATTENTION if target_modules is None else list(dict.fromkeys(target_modules))
    model.apply(refreeze)
    queue = [model]
    while queue:
        parent = queue.pop()
        for name, child in parent.named_children():
            if type(child) is nn.Linear and name in wanted:
                parent.register_module(name, LoRALayer(child, rank, alpha))
            else:
                queue.append(child)
    return model


def compare_target_modules(target_configs, n_epochs=50):
    results = {}
    for targets in target_configs:
        torch.manual_seed(0)
        block = SimpleTransformerBlock()
        x, y = generate_synthetic_data(64)
        add_lora_to_model_selective(block, rank=8, alpha=16, target_modules=targets)
        params = [p for p in block.parameters() if p.requires_grad]
        optimizer = torch.optim.AdamW(params, lr=2e-3)
        losses = []
        for epoch in range(n_epochs):
            loss = nn.functional.mse_loss(block(x), y)
            optimizer.zero_grad()
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
