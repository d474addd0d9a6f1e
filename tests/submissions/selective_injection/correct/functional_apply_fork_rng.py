# style: functional programmer: model.apply, reduce, comprehensions; every configuration runs in torch.random.fork_rng from the caller's state, no seed of its own
from functools import partial, reduce
from itertools import accumulate, repeat

import torch
from torch import nn

from lab import LoRALayer, SimpleTransformerBlock, generate_synthetic_data

freeze = lambda m: m.requires_grad_(False)
compose = lambda *fs: lambda x: reduce(lambda acc, f: f(acc), fs, x)
trainables = lambda m: [p for p in m.parameters() if p.requires_grad]


def _wrap_children(parent, *, hit, make):
    for leaf, child in tuple(parent._modules.items()):
        if isinstance(child, nn.Linear) and hit(leaf):
            setattr(parent, leaf, make(child))


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    targets = frozenset(("q_proj", "k_proj", "v_proj", "o_proj") if target_modules is None else target_modules)
    return compose(
        freeze,
        lambda m: m.apply(partial(_wrap_children, hit=targets.__contains__,
                                  make=lambda lin: LoRALayer(lin, rank=rank, alpha=alpha))),
    )(model)


def _step(model, opt, x, y):
    opt.zero_grad()
    loss = nn.functional.mse_loss(model(x), y)
    loss.backward()
    opt.step()
    return loss.item()


def _entry(targets, n_epochs):
    with torch.random.fork_rng(devices=[]):
        model, (x, y) = SimpleTransformerBlock(), generate_synthetic_data(64)
        add_lora_to_model_selective(model, 8, 16, targets)
        opt = torch.optim.AdamW(trainables(model), lr=1e-3)
        losses = [f(model, opt, x, y) for f in repeat(_step, n_epochs)]
    return {"target_modules": targets, "trainable_params": sum(map(torch.Tensor.numel, trainables(model))),
            "losses": losses, "final_loss": losses[-1]}


def compare_target_modules(target_configs, n_epochs=50):
    return dict(map(lambda t: ("+".join(t), _entry(t, n_epochs)), target_configs))
