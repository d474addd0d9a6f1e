# style: configurations train at the same time in a ThreadPoolExecutor, all random numbers are drawn under a lock
import threading
from concurrent.futures import ThreadPoolExecutor

import torch
from torch import nn

from lab import LoRALayer, SimpleTransformerBlock, generate_synthetic_data

_lock = threading.Lock()


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]
    model.requires_grad_(False)
    for name, module in list(model.named_modules()):
        if isinstance(module, nn.Linear) and any(target in name for target in target_modules):
            parent, _, child = name.rpartition(".")
            setattr(model.get_submodule(parent), child, LoRALayer(module, rank, alpha))
    return model


def _prepare(targets):
    with _lock:
        torch.manual_seed(0)
        model = SimpleTransformerBlock()
        x, y = generate_synthetic_data(64)
        add_lora_to_model_selective(model, 8, 16, targets)
    return model, x, y


def _job(targets, n_epochs):
    model, x, y = _prepare(targets)
    params = [p for p in model.parameters() if p.requires_grad]
    opt = torch.optim.AdamW(params, lr=1e-3)
    losses = []
    for _ in range(n_epochs):
        opt.zero_grad()
        loss = nn.functional.mse_loss(model(x), y)
        loss.backward()
        opt.step()
        losses.append(loss.item())
    return {"target_modules": targets, "trainable_params": sum(p.numel() for p in params),
            "losses": losses, "final_loss": losses[-1]}


def compare_target_modules(target_configs, n_epochs=50):
    with ThreadPoolExecutor(max_workers=2) as pool:
        futures = {"+".join(t): pool.submit(_job, t, n_epochs) for t in target_configs}
        return {key: future.result() for key, future in futures.items()}
