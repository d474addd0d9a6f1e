# the update is the directional derivative of the frozen layer along B A (torch.func.jvp); the samples stream from an IterableDataset
from collections import OrderedDict

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, IterableDataset

from lab import SimpleTransformerBlock, generate_synthetic_data


class Tangent(nn.Module):
    """W x + b is linear in W, so its derivative in the direction s B A is the LoRA update, with nothing neglected."""

    def __init__(self, layer, rank, alpha):
        super().__init__()
        self.layer = layer
        self.lora_A = nn.Parameter(torch.randn_like(layer.weight.new_empty(rank, layer.in_features)) / rank)
        self.lora_B = nn.Parameter(layer.weight.new_zeros(layer.out_features, rank))
        self.scale = alpha / rank

    def forward(self, x):
        y, dy = torch.func.jvp(
            lambda W: F.linear(x, W, self.layer.bias),
            (self.layer.weight.detach(),),
            (self.scale * self.lora_B @ self.lora_A,),
        )
        return y + dy


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]
    wanted = frozenset(target_modules)

    def layers(module):
        for key, child in list(module.named_children()):
            if isinstance(child, nn.Linear):
                if key in wanted:
                    yield module, key, child
            else:
                yield from layers(child)

    model.requires_grad_(False)
    for parent, key, child in list(layers(model)):
        setattr(parent, key, Tangent(child, rank, alpha))
    return model


class Stream(IterableDataset):
    """Each iteration is an epoch; the order comes from NumPy."""

    def __init__(self, x, y, seed):
        self.x, self.y, self.rng = x, y, np.random.default_rng(seed)

    def __iter__(self):
        for i in self.rng.permutation(len(self.x)):
            yield self.x[i], self.y[i]


def _epochs(block, optimizer, loader):
    while True:
        last = None
        for x, y in loader:
            loss = F.mse_loss(block(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            last = loss
        yield last.item()  # the last batch's loss stands for the epoch


def compare_target_modules(target_configs, n_epochs=50):
    results = OrderedDict()
    for targets in target_configs:
        torch.manual_seed(64)
        x, y = generate_synthetic_data(32)
        block = SimpleTransformerBlock()
        add_lora_to_model_selective(block, target_modules=targets)
        params = [p for p in block.parameters() if p.requires_grad]
        optimizer = torch.optim.AdamW(params, lr=5e-4)
        epochs = _epochs(block, optimizer, DataLoader(Stream(x, y, seed=64), batch_size=16))
        losses = [loss for _, loss in zip(range(n_epochs), epochs)]
        results["+".join(targets)] = OrderedDict(
            target_modules=targets,
            trainable_params=sum(p.numel() for p in params),
            losses=losses,
            final_loss=losses[-1],
        )
    return results
