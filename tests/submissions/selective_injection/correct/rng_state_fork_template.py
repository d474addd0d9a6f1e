# unusual: no constant seed: template block and data drawn once per call, RNG state put back per configuration, deepcopy of the template, names like default_lora_A
import copy
import itertools

import torch
from torch import nn

from lab import SimpleTransformerBlock, generate_synthetic_data


class MultiAdapterLinear(nn.Module):
    """Could hold several adapters, each with a prefix; here there is one, called `default`."""

    def __init__(self, linear):
        super().__init__()
        self.linear = linear
        self.scalings = {}

    def add_adapter(self, name, rank, alpha):
        w = self.linear.weight
        A = nn.Parameter(w.new_empty((rank, self.linear.in_features)))
        nn.init.trunc_normal_(A, std=0.05)
        self.register_parameter(f"{name}_lora_A", A)
        self.register_parameter(f"{name}_lora_B", nn.Parameter(w.new_zeros((self.linear.out_features, rank))))
        self.scalings[name] = alpha / rank
        return self

    def forward(self, x):
        terms = (s * (x @ getattr(self, n + "_lora_A").T @ getattr(self, n + "_lora_B").T) for n, s in self.scalings.items())
        return sum(terms, start=self.linear(x))


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    patterns = target_modules if target_modules is not None else ["q_proj", "k_proj", "v_proj", "o_proj"]
    model.requires_grad_(False)
    linear = {n: m for n, m in model.named_modules() if isinstance(m, nn.Linear)}
    for n, p in itertools.product(linear, patterns):
        if p in n and model.get_submodule(n) is linear[n]:
            parent, _, child = n.rpartition(".")
            model.get_submodule(parent).add_module(child, MultiAdapterLinear(linear[n]).add_adapter("default", rank, alpha))
    return model


def compare_target_modules(target_configs, n_epochs=50):
    template = SimpleTransformerBlock()
    data = torch.utils.data.TensorDataset(*generate_synthetic_data(64))
    here = torch.get_rng_state()
    results = {}
    for targets in target_configs:
        with torch.random.fork_rng(devices=[]):
            torch.set_rng_state(here)
            block = add_lora_to_model_selective(copy.deepcopy(template), 8, 16, targets)
            params = [p for p in block.parameters() if p.requires_grad]
            opt = torch.optim.AdamW(params, lr=1e-3)
            loader = torch.utils.data.DataLoader(data, batch_size=16, shuffle=True)
            losses = []
            for _ in range(n_epochs):
                seen = []
                for xb, yb in loader:
                    loss = nn.functional.mse_loss(block(xb), yb)
                    opt.zero_grad()
                    loss.backward()
                    opt.step()
                    seen.append(loss.item())
                losses.append(sum(seen) / len(seen))
        results["+".join(targets)] = {"target_modules": targets, "trainable_params": sum(p.numel() for p in params),
                                      "losses": losses, "final_loss": losses[-1]}
    return results
