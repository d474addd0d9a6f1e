# unusual: JAX programmer: torch.func.functional_call + value_and_grad, pytrees, hand-written Adam, einsum adapters
from functools import partial
from typing import NamedTuple

import torch
import torch.nn as nn
from torch.func import functional_call, grad_and_value

import lab


class LoRADense(nn.Module):
    """y = W x + b + s * B A x, written with einsum."""

    def __init__(self, dense, rank, alpha, key):
        super().__init__()
        self.kernel = dense.weight
        self.bias = dense.bias
        self.lora_A = nn.Parameter(torch.randn(rank, dense.in_features, generator=key).to(dense.weight) * rank ** -0.5)
        self.lora_B = nn.Parameter(torch.zeros(dense.out_features, rank).to(dense.weight))
        self.scale = alpha / rank

    def forward(self, x):
        y = torch.einsum("...i,oi->...o", x, self.kernel)
        y = y if self.bias is None else y + self.bias
        return y + self.scale * torch.einsum("...i,ri,or->...o", x, self.lora_A, self.lora_B)


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None, key=None):
    targets = ("q_proj", "k_proj", "v_proj", "o_proj") if target_modules is None else tuple(target_modules)
    key = torch.Generator().manual_seed(0) if key is None else key
    for p in model.parameters():
        p.requires_grad_(False)
    for path, mod in dict(model.named_modules()).items():
        head, _, leaf = path.rpartition(".")
        if isinstance(mod, nn.Linear) and leaf in targets:
            model.get_submodule(head).register_module(leaf, LoRADense(mod, rank, alpha, key))
    return model


class AdamState(NamedTuple):
    t: int
    m: dict
    v: dict


def tree_map(f, *trees):
    return {k: f(*(t[k] for t in trees)) for k in trees[0]}


def adam(params, grads, state, lr=1e-3, b1=0.9, b2=0.999, eps=1e-8):
    t = state.t + 1
    m = tree_map(lambda m, g: b1 * m + (1 - b1) * g, state.m, grads)
    v = tree_map(lambda v, g: b2 * v + (1 - b2) * g * g, state.v, grads)
    upd = tree_map(lambda m, v: -lr * (m / (1 - b1 ** t)) / ((v / (1 - b2 ** t)).sqrt() + eps), m, v)
    return tree_map(torch.add, params, upd), AdamState(t, m, v)


def compare_target_modules(target_configs, n_epochs=50):
    def loss_fn(model, frozen, params, x, y):
        return jnp_mean((functional_call(model, {**frozen, **params}, (x,)) - y) ** 2)

    jnp_mean = torch.mean

    def fit(targets):
        torch.manual_seed(0)
        model = lab.SimpleTransformerBlock(d_model=256, n_heads=8)
        x, y = lab.generate_synthetic_data(n_samples=32, seq_len=16, d_model=256)
        model = add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=targets)
        named = dict(model.named_parameters())
        params = {k: p.detach().clone() for k, p in named.items() if p.requires_grad}
        frozen = {k: p.detach() for k, p in named.items() if k not in params}
        step = grad_and_value(partial(loss_fn, model, frozen))
        zeros = tree_map(torch.zeros_like, params)
        state, losses = AdamState(0, zeros, zeros), []
        for _ in range(n_epochs):
            grads, loss = step(params, x, y)
            params, state = adam(params, grads, state)
            losses.append(loss.item())
        with torch.no_grad():
            for k, p in params.items():
                named[k].copy_(p)
        return {"target_modules": targets, "trainable_params": sum(p.numel() for p in params.values()),
                "losses": losses, "final_loss": losses[-1]}

    return {"+".join(targets): fit(targets) for targets in target_configs}
