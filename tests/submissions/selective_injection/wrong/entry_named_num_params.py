# mistake: entries-incomplete
# The entry is called num_trainable_params instead of trainable_params.
import copy

import torch
from torch import nn

from lab import LoRALayer, SimpleTransformerBlock, generate_synthetic_data


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    """Add LoRA to the selected linear layers."""
    if target_modules is None:
        target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]

    model.requires_grad_(False)
    for name, module in list(model.named_modules()):
        if isinstance(module, nn.Linear) and any(t in name for t in target_modules):
            parent_name, _, child_name = name.rpartition(".")
            parent = model.get_submodule(parent_name)
            setattr(parent, child_name, LoRALayer(module, rank, alpha))
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
            "num_trainable_params": sum(p.numel() for p in adapter_params),
            "losses": losses,
            "final_loss": losses[-1],
        }

    return results
