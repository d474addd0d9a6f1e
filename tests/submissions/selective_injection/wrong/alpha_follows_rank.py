# mistake: unnamed
# The default of alpha is 2 * rank instead of 16, so rank=4 scales by 2 and not by 4.
import torch
from torch import nn

from lab import LoRALayer, SimpleTransformerBlock, generate_synthetic_data


def add_lora_to_model_selective(model, rank=8, alpha=None, target_modules=None):
    if alpha is None:
        alpha = 2 * rank  # rule of thumb
    if target_modules is None:
        target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]
    model.requires_grad_(False)
    for name, module in list(model.named_modules()):
        if isinstance(module, nn.Linear) and any(t in name for t in target_modules):
            parent, _, leaf = name.rpartition(".")
            setattr(model.get_submodule(parent), leaf, LoRALayer(module, rank, alpha))
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
