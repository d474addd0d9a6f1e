import typing

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

from lab import SimpleTransformerBlock, generate_synthetic_data
from lora_with_bias import LoRALayerWithBias  # my own exercise 1

DEFAULT_TARGETS: typing.Final = ["q_proj", "k_proj", "v_proj", "o_proj"]


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    wanted = DEFAULT_TARGETS if target_modules is None else target_modules
    for p in model.parameters():
        p.requires_grad_(False)
    _walk(model, (), wanted, lambda layer: LoRALayerWithBias(layer, rank, alpha))
    return model


def _walk(module, path, wanted, wrap):
    """Depth first. `path` are the names from the root down to `module`."""
    for name, child in list(module.named_children()):
        here = (*path, name)
        if isinstance(child, nn.Linear):
            if any(_is_suffix(tuple(target.split(".")), here) for target in wanted):
                module.add_module(name, wrap(child))
        else:
            _walk(child, here, wanted, wrap)


def _is_suffix(end: tuple, path: tuple) -> bool:
    return path[len(path) - len(end):] == end if len(end) <= len(path) else False


class Trainer:
    SEED = 20231

    def __init__(self, targets):
        torch.manual_seed(self.SEED)
        self.block = SimpleTransformerBlock()
        data = TensorDataset(*generate_synthetic_data(n_samples=64))
        add_lora_to_model_selective(self.block, target_modules=targets)
        order = torch.Generator().manual_seed(self.SEED)
        self.batches = DataLoader(data, batch_size=16, shuffle=True, generator=order)
        self.optimizer = torch.optim.AdamW(self.trained(), lr=5e-4, weight_decay=0.0)
        self.criterion = nn.MSELoss()

    def trained(self):
        return [p for p in self.block.parameters() if p.requires_grad]

    def epoch(self):
        total = 0.0
        for x, y in self.batches:
            self.optimizer.zero_grad(set_to_none=True)
            loss = self.criterion(self.block(x), y)
            loss.backward()
            self.optimizer.step()
            total += loss.item() * len(x)
        return total / len(self.batches.dataset)


def compare_target_modules(target_configs, n_epochs=50):
    table = {}
    for targets in target_configs:
        trainer = Trainer(targets)
        losses = [trainer.epoch() for _ in range(n_epochs)]
        print(f"{'+'.join(targets):>40}  {losses[0]:.4f} -> {losses[-1]:.4f}")
        table["+".join(targets)] = {
            "target_modules": list(targets),
            "trainable_params": sum(p.numel() for p in trainer.trained()),
            "losses": losses,
            "final_loss": losses[-1],
            "relative_to_start": losses[-1] / losses[0],
        }
    return table
