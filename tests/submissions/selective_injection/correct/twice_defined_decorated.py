# style: first attempt left above the final version, decorators, unittest class and doctest, unused code
import functools
import time
import unittest

import torch
from torch import nn

from lab import LoRALayer, SimpleTransformerBlock, add_lora_to_model, generate_synthetic_data


def timed(fn):
    @functools.wraps(fn)
    def wrapper(*args, **kwargs):
        start = time.time()
        try:
            return fn(*args, **kwargs)
        finally:
            wrapper.last_seconds = time.time() - start

    wrapper.last_seconds = None
    return wrapper


# first try: works only for the block itself, see below
def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    for t in target_modules:
        setattr(model, t, LoRALayer(getattr(model, t), rank, alpha))
    return model


class OldLoRA(nn.Module):  # not used any more
    def __init__(self):
        super().__init__()
        raise NotImplementedError


# final version
@timed
def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    """Freeze, then wrap.

    >>> b = add_lora_to_model_selective(SimpleTransformerBlock(32, 4), 2, 4, ["q_proj"])
    >>> [n for n, p in b.named_parameters() if p.requires_grad]
    ['q_proj.lora_A', 'q_proj.lora_B']
    """
    if target_modules is None:
        target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]
    model.requires_grad_(False)
    for name, mod in list(model.named_modules()):
        if isinstance(mod, nn.Linear) and name.split(".")[-1] in target_modules:
            parent, _, leaf = name.rpartition(".")
            setattr(model.get_submodule(parent), leaf, LoRALayer(mod, rank=rank, alpha=alpha))
    return model


@timed
def compare_target_modules(target_configs, n_epochs=50):
    @torch.enable_grad()
    def train(targets):
        torch.manual_seed(0)
        block = SimpleTransformerBlock()
        x, y = generate_synthetic_data(64)
        add_lora_to_model_selective(block, target_modules=targets)
        params = [p for p in block.parameters() if p.requires_grad]
        opt = torch.optim.AdamW(params, lr=1e-3)
        for _ in range(n_epochs):
            opt.zero_grad()
            loss = nn.functional.mse_loss(block(x), y)
            loss.backward()
            opt.step()
            yield loss.item(), sum(p.numel() for p in params)

    results = {}
    for targets in target_configs:
        losses, counts = zip(*train(targets))
        results["+".join(targets)] = {"target_modules": targets, "trainable_params": counts[0],
                                      "losses": list(losses), "final_loss": losses[-1]}
    return results


class TestInjection(unittest.TestCase):
    def test_same_model(self):
        m = SimpleTransformerBlock(32, 4)
        self.assertIs(add_lora_to_model_selective(m), m)

    def test_same_count_as_the_lab(self):
        a = add_lora_to_model(SimpleTransformerBlock(32, 4))
        b = add_lora_to_model_selective(SimpleTransformerBlock(32, 4))
        count = lambda m: sum(p.numel() for p in m.parameters() if p.requires_grad)
        self.assertEqual(count(a), count(b))


if __name__ == "__main__":
    unittest.main()
