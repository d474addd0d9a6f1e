# mistake: none | contract: fulfilled
# style: one hook for all modules of the process (register_module_forward_hook) adds the update where a layer has factors; the layer stays an untouched nn.Linear
import uuid

import torch
from torch import nn

from lab import SimpleTransformerBlock, generate_synthetic_data

ATTENTION = ["q_proj", "k_proj", "v_proj", "o_proj"]


MARK = "_adapter_" + uuid.uuid4().hex  # this file's layers only


def add_update(module, inputs, output):
    scaling = module.__dict__.get(MARK)
    if scaling is None:
        return None
    return output + scaling * (inputs[0] @ module.lora_A.T @ module.lora_B.T)


nn.modules.module.register_module_forward_hook(add_update)


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    patterns = ATTENTION if target_modules is None else target_modules
    for p in model.parameters():
        p.requires_grad = False
    for name, module in model.named_modules():
        if isinstance(module, nn.Linear) and any(name == t or name.endswith("." + t) for t in patterns):
            module.lora_A = nn.Parameter(torch.randn(rank, module.in_features) / rank)
            module.lora_B = nn.Parameter(torch.zeros(module.out_features, rank))
            module.__dict__[MARK] = alpha / rank
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
