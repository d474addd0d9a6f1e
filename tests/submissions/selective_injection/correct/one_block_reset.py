# one block for all configurations: a context manager puts the adapters in and takes them out again; the wrapper is an nn.Sequential
import contextlib
import re

import torch
from torch import nn

from lab import SimpleTransformerBlock, generate_synthetic_data


class WithLoRA(nn.Sequential):
    """A Sequential of one layer, whose forward adds the update."""

    def __init__(self, layer, rank, alpha):
        super().__init__(layer)
        self.lora_A = nn.Parameter(nn.init.kaiming_normal_(layer.weight.new_empty(rank, layer.in_features)))
        self.lora_B = nn.Parameter(layer.weight.new_zeros(layer.out_features, rank))
        self.times = alpha / rank

    def forward(self, x):
        y = super().forward(x)
        return y + self.times * torch.matmul(torch.matmul(x, self.lora_A.T), self.lora_B.T)


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]
    rule = re.compile(r"(^|.*\.)(" + "|".join(map(re.escape, target_modules)) + r")$") if target_modules else None
    for p in model.parameters():
        p.requires_grad = False
    for parent_name, parent in list(model.named_modules()):
        for leaf, layer in list(parent.named_children()):
            name = f"{parent_name}.{leaf}" if parent_name else leaf
            if rule is not None and isinstance(layer, nn.Linear) and rule.match(name):
                setattr(parent, leaf, WithLoRA(layer, rank, alpha))
    return model


@contextlib.contextmanager
def _adapted(block, targets):
    before = dict(block.named_children())
    try:
        yield add_lora_to_model_selective(block, rank=8, alpha=16, target_modules=targets)
    finally:
        # the pretrained weights were frozen all the time, so this is the block as it was built
        for name, child in before.items():
            setattr(block, name, child)
        block.zero_grad()
        block.requires_grad_(True)


def compare_target_modules(target_configs, n_epochs=50):
    torch.manual_seed(11)
    block = SimpleTransformerBlock()
    x, y = generate_synthetic_data(32)
    results = {}
    for targets in target_configs:
        torch.manual_seed(12)
        with _adapted(block, targets):
            trainable = [p for p in block.parameters() if p.requires_grad]
            optimizer = torch.optim.SGD(trainable, lr=0.5, momentum=0.8)
            schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=n_epochs + 1)
            losses = []
            for _ in range(n_epochs):
                optimizer.zero_grad()
                loss = torch.nn.functional.mse_loss(block(x), y)
                loss.backward()
                nn.utils.clip_grad_value_(trainable, 0.01)
                optimizer.step()
                schedule.step()
                losses.append(loss.item())
            results["+".join(targets)] = {
                "target_modules": targets,
                "trainable_params": sum(p.numel() for p in trainable),
                "losses": losses,
                "final_loss": losses[-1],
            }
    return results
