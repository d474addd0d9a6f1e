import torch
import torch.nn as nn
import torch.nn.functional as F

from lab import LoRALayer, SimpleTransformerBlock, generate_synthetic_data


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = ['q_proj', 'k_proj', 'v_proj', 'o_proj']

    for p in model.parameters():
        p.requires_grad = False

    # collect first, replace later (otherwise the dict changes while I loop over it)
    to_replace = []
    for name, module in model.named_modules():
        if isinstance(module, nn.Linear):
            for target in target_modules:
                if target in name:
                    to_replace.append((name, module))
                    break

    for name, module in to_replace:
        if '.' in name:
            parent_name, child_name = name.rsplit('.', 1)
            parent = model.get_submodule(parent_name)
        else:
            child_name = name
            parent = model
        setattr(parent, child_name, LoRALayer(module, rank=rank, alpha=alpha))

    return model


def compare_target_modules(target_configs, n_epochs=50):
    results = {}

    for targets in target_configs:
        torch.manual_seed(42)
        x, y = generate_synthetic_data()
        model = SimpleTransformerBlock()
        model = add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=targets)

        params = [p for p in model.parameters() if p.requires_grad]
        n_params = sum(p.numel() for p in params)
        optimizer = torch.optim.Adam(params, lr=1e-3)

        losses = []
        model.train()
        for epoch in range(n_epochs):
            optimizer.zero_grad()
            out = model(x)
            loss = F.mse_loss(out, y)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())

        results['+'.join(targets)] = {
            'target_modules': targets,
            'trainable_params': n_params,
            'losses': losses,
            'final_loss': losses[-1],
        }

    return results
