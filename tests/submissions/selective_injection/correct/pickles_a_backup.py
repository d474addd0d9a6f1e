# keeps a pickled copy of the untouched model to compare with, and looks for the layers' parents in a dict
import copy
import io
import pickle

import torch
from torch import nn

from lab import LoRALayer, SimpleTransformerBlock, generate_synthetic_data


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = ("q_proj", "k_proj", "v_proj", "o_proj")
    backup = pickle.dumps(model)
    file = io.BytesIO()
    torch.save(model, file)
    untouched = pickle.loads(backup)
    assert [n for n, _ in untouched.named_parameters()] == [n for n, _ in model.named_parameters()]
    parents = {}
    for name, module in model.named_modules():
        for child, _ in module.named_children():
            parents[f"{name}.{child}" if name else child] = (module, child)
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    for name, (parent, child) in parents.items():
        layer = getattr(parent, child)
        if isinstance(layer, nn.Linear) and any(target in name for target in target_modules):
            setattr(parent, child, LoRALayer(layer, rank, alpha))
    return model


def compare_target_modules(target_configs, n_epochs=50):
    torch.manual_seed(3)
    template, (x, y) = SimpleTransformerBlock(), generate_synthetic_data()
    results = {}
    for config in target_configs:
        torch.manual_seed(4)
        model = add_lora_to_model_selective(copy.deepcopy(template), target_modules=config)
        parameters = [p for p in model.parameters() if p.requires_grad]
        optimizer = torch.optim.Adam(parameters, lr=2e-3)
        losses = []
        for _ in range(n_epochs):
            loss = torch.nn.functional.mse_loss(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        results["+".join(config)] = {
            "target_modules": config,
            "trainable_params": sum(p.numel() for p in parameters),
            "losses": losses,
            "final_loss": losses[-1],
        }
    return results
