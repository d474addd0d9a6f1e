# mistake: unnamed
# [['q_proj']] with n_epochs=3, then with n_epochs=2: the second call still returns three losses.
import torch
from torch import nn

from lab import LoRALayer, SimpleTransformerBlock, generate_synthetic_data


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]
    model.requires_grad_(False)
    for name, module in list(model.named_modules()):
        if isinstance(module, nn.Linear) and any(t in name for t in target_modules):
            parent, _, child = name.rpartition(".")
            setattr(model.get_submodule(parent), child, LoRALayer(module, rank, alpha))
    return model


_memo = {}


def _train(targets, n_epochs):
    key = "+".join(targets)
    if key in _memo:
        return _memo[key]
    torch.manual_seed(0)
    x, y = generate_synthetic_data()
    block = add_lora_to_model_selective(SimpleTransformerBlock(), 8, 16, targets)
    params = [p for p in block.parameters() if p.requires_grad]
    opt = torch.optim.AdamW(params, lr=1e-3)
    losses = []
    for _ in range(n_epochs):
        loss = nn.functional.mse_loss(block(x), y)
        opt.zero_grad()
        loss.backward()
        opt.step()
        losses.append(loss.item())
    _memo[key] = {
        "target_modules": targets,
        "trainable_params": sum(p.numel() for p in params),
        "losses": losses,
        "final_loss": losses[-1],
    }
    return _memo[key]


def compare_target_modules(target_configs, n_epochs=50):
    return {"+".join(t): _train(t, n_epochs) for t in target_configs}
