# unusual: JAX style. torch.func.grad_and_value + functional_call, a pure hand-written Adam on dicts; the trained factors live in a dict, the block object itself is never written to. No torch.optim anywhere.
from functools import partial

import torch
from torch import nn
from torch.func import functional_call, grad_and_value
from torch.utils._pytree import tree_map

from lab import LoRALayer, SimpleTransformerBlock, generate_synthetic_data


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    patterns = ["q_proj", "k_proj", "v_proj", "o_proj"] if target_modules is None else target_modules
    matches = lambda path: any(p in path for p in patterns)
    tree_map(lambda p: p.requires_grad_(False), dict(model.named_parameters()))
    leaves = {k: m for k, m in model.named_modules() if isinstance(m, nn.Linear) and matches(k)}
    for path, leaf in leaves.items():
        head, _, tail = path.rpartition(".")
        setattr(model.get_submodule(head), tail, LoRALayer(leaf, rank, alpha))
    return model


def init(params):
    zeros = lambda: tree_map(torch.zeros_like, params)
    return {"m": zeros(), "v": zeros(), "t": 0}


def adam(params, grads, state, lr=1e-3, b1=0.9, b2=0.999, eps=1e-8):
    t = state["t"] + 1
    m = {k: b1 * state["m"][k] + (1 - b1) * g for k, g in grads.items()}
    v = {k: b2 * state["v"][k] + (1 - b2) * g * g for k, g in grads.items()}
    new = {k: p - lr * (m[k] / (1 - b1**t)) / ((v[k] / (1 - b2**t)).sqrt() + eps) for k, p in params.items()}
    return new, {"m": m, "v": v, "t": t}


def loss_fn(params, frozen, model, x, y):
    return torch.mean((functional_call(model, {**frozen, **params}, (x,)) - y) ** 2)


def fit(targets, n_epochs, key):
    torch.manual_seed(key)
    model = SimpleTransformerBlock()
    x, y = generate_synthetic_data()
    model = add_lora_to_model_selective(model, 8, 16, targets)
    params = {k: p.detach().clone() for k, p in model.named_parameters() if p.requires_grad}
    frozen = {k: p.detach() for k, p in model.named_parameters() if not p.requires_grad}
    step = partial(grad_and_value(loss_fn), frozen=frozen, model=model)
    state, losses = init(params), []
    for _ in range(n_epochs):
        epoch = []
        for xb, yb in zip(x.split(64), y.split(64)):
            grads, value = step(params, x=xb, y=yb)
            params, state = adam(params, grads, state)
            epoch.append(value)
        losses.append(torch.stack(epoch).mean().item())
    return {
        "target_modules": list(targets),
        "trainable_params": sum(p.numel() for p in params.values()),
        "losses": losses,
        "final_loss": losses[-1],
    }


def compare_target_modules(target_configs, n_epochs=50):
    return {"+".join(t): fit(t, n_epochs, key=0) for t in target_configs}
