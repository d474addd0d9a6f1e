# style: lab.LoRALayer placed by a reduce, and training in the style of JAX: torch.func.grad_and_value over dictionaries of parameters, Lion updates, written back into the block at the end
from functools import reduce

import torch
from torch import nn
from torch.func import functional_call, grad_and_value

from lab import LoRALayer, SimpleTransformerBlock, generate_synthetic_data


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    targets = ["q_proj", "k_proj", "v_proj", "o_proj"] if target_modules is None else target_modules

    def put(net, item):
        name, layer = item
        *parents, last = name.split(".")
        owner = reduce(lambda m, key: m._modules[key], parents, net)
        setattr(owner, last, LoRALayer(layer, rank, alpha))
        return net

    hits = filter(
        lambda item: isinstance(item[1], nn.Linear) and any(map(item[0].__contains__, targets)),
        list(model.named_modules()),
    )
    return reduce(put, list(hits), model.requires_grad_(False))


def compare_target_modules(target_configs, n_epochs=50):
    def experiment(targets):
        torch.manual_seed(5)
        block = SimpleTransformerBlock()
        x, y = generate_synthetic_data(48)
        add_lora_to_model_selective(block, 8, 16, targets)
        named = dict(block.named_parameters())
        theta = {k: v.detach().clone() for k, v in named.items() if v.requires_grad}
        fixed = {k: v.detach() for k, v in named.items() if not v.requires_grad}

        def loss_fn(theta):
            return (functional_call(block, {**fixed, **theta}, (x,)) - y).abs().mean()

        step = grad_and_value(loss_fn)
        momentum = {k: torch.zeros_like(v) for k, v in theta.items()}
        losses = []
        for _ in range(n_epochs):
            grads, loss = step(theta)
            theta = {k: v - 2e-4 * torch.sign(0.9 * momentum[k] + 0.1 * grads[k]) for k, v in theta.items()}
            momentum = {k: 0.99 * m + 0.01 * grads[k] for k, m in momentum.items()}
            losses.append(loss.item())
        with torch.no_grad():
            for k, v in theta.items():
                named[k].copy_(v)
        return {
            "target_modules": targets,
            "trainable_params": sum(v.numel() for v in theta.values()),
            "losses": losses,
            "final_loss": losses[-1],
        }

    return dict(zip(map("+".join, target_configs), map(experiment, target_configs)))
