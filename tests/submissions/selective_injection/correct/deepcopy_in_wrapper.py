# the wrapper holds a deep copy of the layer; losses are plain sums divided at the end; ReduceLROnPlateau
import copy

import torch
import torch.nn as nn

from lab import SimpleTransformerBlock, generate_synthetic_data


class LoRAWrapper(nn.Module):
    def __init__(self, layer, rank=8, alpha=16):
        super().__init__()
        self.layer = copy.deepcopy(layer)
        self.layer.requires_grad_(False)
        bound = 1 / layer.in_features ** 0.5
        self.lora_A = nn.Parameter(torch.rand(rank, layer.in_features) * 2 * bound - bound)
        self.lora_B = nn.Parameter(torch.zeros(layer.out_features, rank))
        self.scale = alpha / rank

    def forward(self, x):
        return self.layer(x) + self.scale * torch.einsum("...i,ri,or->...o", x, self.lora_A, self.lora_B)


def _parent_and_name(model, dotted):
    parts = dotted.split(".")
    parent = model
    for part in parts[:-1]:
        if part.isdigit() and isinstance(parent, (nn.Sequential, nn.ModuleList)):
            parent = parent[int(part)]
        elif isinstance(parent, nn.ModuleDict):
            parent = parent[part]
        else:
            parent = getattr(parent, part)
    return parent, parts[-1]


def _replace(parent, name, new):
    if isinstance(parent, (nn.Sequential, nn.ModuleList)):
        parent[int(name)] = new
    elif isinstance(parent, nn.ModuleDict):
        parent[name] = new
    else:
        setattr(parent, name, new)


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = ['q_proj', 'k_proj', 'v_proj', 'o_proj']
    to_replace = []
    for name, module in model.named_modules():
        if isinstance(module, nn.Linear):
            for target in target_modules:
                if target in name:
                    to_replace.append((name, module))
                    break
    for param in model.parameters():
        param.requires_grad = False
    for name, module in to_replace:
        parent, child = _parent_and_name(model, name)
        _replace(parent, child, LoRAWrapper(module, rank, alpha))
    return model


def compare_target_modules(target_configs, n_epochs=50):
    results = {}
    for targets in target_configs:
        torch.manual_seed(1)
        model = SimpleTransformerBlock()
        x, y = generate_synthetic_data(n_samples=64, seq_len=8, d_model=256)
        add_lora_to_model_selective(model, 8, 16, targets)
        params = [p for p in model.parameters() if p.requires_grad]
        optimizer = torch.optim.Adam(params, lr=5e-3)
        scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, patience=3)
        losses = []
        for epoch in range(n_epochs):
            epoch_loss = 0
            for i in range(4):
                optimizer.zero_grad()
                pred = model(x[i * 16:(i + 1) * 16])
                loss = nn.MSELoss(reduction="sum")(pred, y[i * 16:(i + 1) * 16])
                loss.backward()
                optimizer.step()
                epoch_loss += loss.item()
            epoch_loss = epoch_loss / y.numel()
            scheduler.step(epoch_loss)
            losses.append(epoch_loss)
        results['+'.join(targets)] = {
            'target_modules': targets,
            'trainable_params': sum(p.numel() for p in params),
            'losses': losses,
            'final_loss': losses[-1],
        }
    return results
