# who: JAX/Haiku user, thinks in pytrees and pure functions; unusual: walks over named_parameters, trains with functional_call + torch.func.grad_and_value and a hand-written Adam
from functools import partial

import torch
from torch import nn
from torch.func import functional_call, grad_and_value

from lab import LoRALayer, SimpleTransformerBlock, generate_synthetic_data

DEFAULTS = ["q_proj", "k_proj", "v_proj", "o_proj"]


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    patterns = DEFAULTS if target_modules is None else target_modules
    paths = [tuple(n.split(".")[:-1]) for n, _ in model.named_parameters() if n.split(".")[-1] == "weight"]
    model.requires_grad_(False)
    for path in paths:
        dotted = ".".join(path)
        if not path or not any(p in dotted for p in patterns):
            continue
        leaf = model.get_submodule(dotted)
        if isinstance(leaf, nn.Linear):
            *above, last = path
            setattr(model.get_submodule(".".join(above)), last, LoRALayer(leaf, rank=rank, alpha=alpha))
    return model


def tree_map(f, *trees):
    return {k: f(*(t[k] for t in trees)) for k in trees[0]}


def adam_update(grads, state, lr=2e-3, b1=0.9, b2=0.999, eps=1e-8):
    m, v, step = state
    step = step + 1
    m = tree_map(lambda m, g: b1 * m + (1 - b1) * g, m, grads)
    v = tree_map(lambda v, g: b2 * v + (1 - b2) * g * g, v, grads)
    upd = tree_map(lambda m, v: -lr * (m / (1 - b1**step)) / ((v / (1 - b2**step)).sqrt() + eps), m, v)
    return upd, (m, v, step)


def loss_fn(params, frozen, net, x, y):
    pred = functional_call(net, {**frozen, **params}, (x,))
    return torch.mean((pred - y) ** 2)


def compare_target_modules(target_configs, n_epochs=50):
    results = {}
    for targets in target_configs:
        torch.manual_seed(17)
        x, y = generate_synthetic_data()
        net = SimpleTransformerBlock()
        add_lora_to_model_selective(net, 8, 16, targets)
        named = dict(net.named_parameters())
        params = {k: v.detach().clone() for k, v in named.items() if v.requires_grad}
        frozen = {k: v.detach() for k, v in named.items() if not v.requires_grad}
        step_fn = grad_and_value(partial(loss_fn, frozen=frozen, net=net, x=x, y=y))
        state = (tree_map(torch.zeros_like, params), tree_map(torch.zeros_like, params), 0)
        losses = []
        for _ in range(n_epochs):
            grads, value = step_fn(params)
            upd, state = adam_update(grads, state)
            params = tree_map(torch.add, params, upd)
            losses.append(value.item())
        with torch.no_grad():  # back into the module, so that `net` is the trained one
            for k, v in params.items():
                named[k].copy_(v)
        results["+".join(targets)] = {
            "target_modules": list(targets),
            "trainable_params": sum(v.numel() for v in params.values()),
            "losses": losses,
            "final_loss": losses[-1],
        }
    return results
