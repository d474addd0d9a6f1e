# mistake: counts-tensors
# Counts the trainable tensors, not the numbers in them.
import copy

import torch
from torch import nn

from lab import LoRALayer, SimpleTransformerBlock, generate_synthetic_data


DEFAULT_TARGETS = ["q_proj", "k_proj", "v_proj", "o_proj"]


def _inject(module, prefix, rank, alpha, targets):
    for child_name, child in list(module.named_children()):
        full_name = f"{prefix}.{child_name}" if prefix else child_name
        if isinstance(child, nn.Linear):
            if any(target in full_name for target in targets):
                setattr(module, child_name, LoRALayer(child, rank=rank, alpha=alpha))
        else:
            _inject(child, full_name, rank, alpha, targets)


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = DEFAULT_TARGETS
    for param in model.parameters():
        param.requires_grad = False
    _inject(model, "", rank, alpha, target_modules)
    return model


def compare_target_modules(target_configs, n_epochs=50):
    torch.manual_seed(7)
    template = SimpleTransformerBlock()
    inputs, targets = generate_synthetic_data()
    loss_fn = nn.MSELoss()
    results = {}

    for config in target_configs:
        torch.manual_seed(7)
        net = copy.deepcopy(template)
        add_lora_to_model_selective(net, rank=8, alpha=16, target_modules=config)
        net.train()
        adapter_params = [p for p in net.parameters() if p.requires_grad]
        optimizer = torch.optim.Adam(adapter_params, lr=1e-3)

        losses = []
        for epoch in range(n_epochs):
            prediction = net(inputs)
            loss = loss_fn(prediction, targets)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(float(loss.detach()))

        results["+".join(config)] = {
            "target_modules": config,
            "trainable_params": len(adapter_params),
            "losses": losses,
            "final_loss": losses[-1],
        }

    return results
