# all factors of a configuration are one flat leaf vector outside the block, through functional_call; the block itself never changes
import math

import torch
from torch import nn
from torch.func import functional_call

from lab import SimpleTransformerBlock, generate_synthetic_data


class RankOneSum(nn.Module):
    """The update as a sum over r of outer products b_r a_r, in one einsum; factors in a ParameterDict."""

    def __init__(self, linear, rank, alpha):
        super().__init__()
        self.linear = linear
        weight = linear.weight
        bound = 1 / math.sqrt(linear.in_features)
        self.factors = nn.ParameterDict(
            {
                "lora_A": weight.new_empty(rank, linear.in_features).uniform_(-bound, bound),
                "lora_B": weight.new_zeros(linear.out_features, rank),
            }
        )
        self.register_buffer("scale", torch.tensor(alpha / rank).to(weight), persistent=False)

    def forward(self, x):
        update = torch.einsum("...i,ri,or->...o", x, self.factors["lora_A"], self.factors["lora_B"])
        return torch.add(self.linear(x), update * self.scale)


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    patterns = target_modules if target_modules is not None else ["q_proj", "k_proj", "v_proj", "o_proj"]
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    table = {n: m for n, m in model.named_modules() if isinstance(m, nn.Linear)}
    table = {n: m for n, m in table.items() if [p for p in patterns if p in n]}
    while table:
        name, linear = table.popitem()
        owner, dot, leaf = name.rpartition(".")
        setattr(model.get_submodule(owner), leaf, RankOneSum(linear, rank, alpha))
    return model


def compare_target_modules(target_configs, n_epochs=50):
    return {"+".join(targets): _one(targets, n_epochs) for targets in target_configs}


def _one(targets, n_epochs):
    torch.manual_seed(2024)
    block = SimpleTransformerBlock().eval()
    x, y = generate_synthetic_data(n_samples=24)
    add_lora_to_model_selective(block, target_modules=targets)

    start = {n: p.detach() for n, p in block.named_parameters() if p.requires_grad}
    flat = torch.cat([p.flatten() for p in start.values()]).requires_grad_()

    def unflatten(vector):
        pieces = vector.split([p.numel() for p in start.values()])
        return {n: piece.view_as(p) for (n, p), piece in zip(start.items(), pieces)}

    def loss_of(vector):
        return (functional_call(block, unflatten(vector), (x,)) - y).square().mean()

    optimizer = torch.optim.NAdam([flat], lr=1e-3)
    losses = []
    for _ in range(n_epochs):
        (flat.grad,) = torch.autograd.grad(loss_of(flat), [flat])
        optimizer.step()
        with torch.no_grad():
            losses.append(loss_of(flat).item())
    return {
        "target_modules": targets,
        "trainable_params": flat.numel(),
        "losses": losses,
        "final_loss": losses[-1],
    }
