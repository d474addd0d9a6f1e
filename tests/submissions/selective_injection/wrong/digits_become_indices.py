# mistake: unnamed
# Path parts of digits are used as list indices, which fails in a ModuleDict with the key '0' or a child added as '0' to a plain module.
import torch
from torch import nn

from lab import LoRALayer, SimpleTransformerBlock, generate_synthetic_data


def resolve(model, path):
    node = model
    for part in path:
        node = node[int(part)] if part.isdigit() else getattr(node, part)
    return node


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    targets = ["q_proj", "k_proj", "v_proj", "o_proj"] if target_modules is None else target_modules
    model.requires_grad_(False)
    for name, module in list(model.named_modules()):
        if isinstance(module, nn.Linear) and any(name.endswith(t) for t in targets):
            *path, leaf = name.split(".")
            setattr(resolve(model, path), leaf, LoRALayer(module, rank, alpha))
    return model


def train_one(targets, n_epochs, seed=0, batch_size=32, lr=1e-3):
    torch.manual_seed(seed)
    x, y = generate_synthetic_data()
    model = SimpleTransformerBlock(d_model=256, n_heads=8)
    order = torch.Generator().manual_seed(seed)
    add_lora_to_model_selective(model, 8, 16, targets)
    params = [p for p in model.parameters() if p.requires_grad]
    opt = torch.optim.Adam(params, lr=lr)
    losses = []
    for _ in range(n_epochs):
        total = 0.0
        for idx in torch.randperm(len(x), generator=order).split(batch_size):
            opt.zero_grad()
            loss = (model(x[idx]) - y[idx]).pow(2).mean()
            loss.backward()
            opt.step()
            total += loss.item() * len(idx)
        losses.append(total / len(x))
    return {
        "target_modules": list(targets),
        "trainable_params": sum(p.numel() for p in params),
        "losses": losses,
        "final_loss": losses[-1],
    }


def compare_target_modules(target_configs, n_epochs=50):
    return {"+".join(targets): train_one(targets, n_epochs) for targets in target_configs}
