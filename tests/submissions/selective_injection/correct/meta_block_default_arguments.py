# initial weights and data are default arguments made while loading; the blocks are built on the meta device and filled; cosine loss
from functools import partial

import torch
import torch.nn.functional as F
from torch import nn

from lab import SimpleTransformerBlock, generate_synthetic_data


class Residue(nn.Module):
    """No layer inside any more: only a partial of F.linear with the detached weight and bias."""

    def __init__(self, layer, rank, alpha):
        super().__init__()
        weight = layer.weight.detach()
        bias = layer.bias if layer.bias is None else layer.bias.detach()
        self.pretrained = partial(F.linear, weight=weight, bias=bias)
        self.lora = nn.Module()
        self.lora.lora_A = nn.Parameter(nn.init.trunc_normal_(weight.new_empty(rank, weight.shape[1]), std=0.05))
        self.lora.lora_B = nn.Parameter(weight.new_zeros(weight.shape[0], rank))
        self.update = lambda x: (x @ self.lora.lora_A.T @ self.lora.lora_B.T) * (alpha / rank)

    def forward(self, x):
        return self.pretrained(x) + self.update(x)


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]
    names = {id(m): n for n, m in model.named_modules()}
    for parent in list(model.modules()):
        for key, child in list(parent.named_children()):
            if isinstance(child, nn.Linear) and any(t in names[id(child)] for t in target_modules):
                parent._modules[key] = Residue(child, rank, alpha)
    for n, p in model.named_parameters():
        p.requires_grad_(n.endswith(("lora.lora_A", "lora.lora_B")))
    return model


def _prepared(seed):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return SimpleTransformerBlock().state_dict(), generate_synthetic_data(32)


def _train(targets, n_epochs, prepared=_prepared(seed=2025)):
    weights, (x, y) = prepared
    with torch.device("meta"):
        block = SimpleTransformerBlock()
    block.load_state_dict({name: value.clone() for name, value in weights.items()}, assign=True)
    torch.manual_seed(2026)
    add_lora_to_model_selective(block, target_modules=targets)
    params = [p for p in block.parameters() if p.requires_grad]
    optimizer = torch.optim.Adam(params, lr=1e-3)
    losses = []
    for _ in range(n_epochs):
        # only the direction of each token's change has to be right, not its length
        loss = 1 - F.cosine_similarity(block(x) - x, y - x, dim=-1).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return {
        "target_modules": targets,
        "trainable_params": sum(p.numel() for p in params),
        "losses": losses,
        "final_loss": losses[-1],
    }


def compare_target_modules(target_configs, n_epochs=50):
    return {"+".join(targets): _train(targets, n_epochs) for targets in target_configs}
