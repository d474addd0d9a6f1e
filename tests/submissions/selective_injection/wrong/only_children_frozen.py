# mistake: rest-not-frozen
# Freezes the children of the model, not the parameters that belong to the model itself.
import copy

import torch
from torch import nn

from lab import LoRALayer, SimpleTransformerBlock, generate_synthetic_data


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    """Look at the children of every module and swap those that are asked for."""
    targets = ["q_proj", "k_proj", "v_proj", "o_proj"]
    if target_modules is not None:
        targets = list(target_modules)

    for child in model.children():
        child.requires_grad_(False)

    for prefix, parent in list(model.named_modules()):
        for attr, child in list(parent.named_children()):
            path = (prefix + "." + attr).lstrip(".")
            if isinstance(child, nn.Linear) and any(path.endswith(t) for t in targets):
                parent._modules[attr] = LoRALayer(child, rank, alpha)

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
            "trainable_params": sum(p.numel() for p in adapter_params),
            "losses": losses,
            "final_loss": losses[-1],
        }

    return results
