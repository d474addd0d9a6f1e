# mistake: returns-something-else
# The list of new adapters is returned.

import torch
import torch.nn.functional as F
from torch import nn

from lab import SimpleTransformerBlock, generate_synthetic_data


class Adapted(nn.Module):
    def __init__(self, inner, r, a):
        super().__init__()
        self.inner = inner
        self.lora_A = nn.Linear(inner.in_features, r, bias=False)
        self.lora_B = nn.Linear(r, inner.out_features, bias=False)
        nn.init.zeros_(self.lora_B.weight)
        self.register_buffer("factor", torch.tensor(float(a) / r))

    def forward(self, x):
        return self.inner(x) + self.factor * self.lora_B(self.lora_A(x))


def walk(module, path=()):
    for key, child in list(module.named_children()):
        yield module, key, path + (key,), child
        yield from walk(child, path + (key,))


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    wanted = set(("q_proj", "k_proj", "v_proj", "o_proj") if target_modules is None else target_modules)
    for p in model.parameters():
        p.requires_grad_(False)
    todo = [(m, k, c) for m, k, path, c in walk(model) if path[-1] in wanted and isinstance(c, nn.Linear)]
    for parent, key, child in todo:
        setattr(parent, key, Adapted(child, rank, alpha))
    return [m for m in model.modules() if isinstance(m, Adapted)]


def compare_target_modules(target_configs, n_epochs=50):
    def run(config):
        torch.manual_seed(99)
        net = SimpleTransformerBlock()
        x, y = generate_synthetic_data(64)
        add_lora_to_model_selective(net, 8, 16, config)
        trained = [p for p in net.parameters() if p.requires_grad]
        step = torch.optim.Adam(trained, lr=2e-3)
        curve = []
        while len(curve) < n_epochs:
            step.zero_grad()
            loss = F.mse_loss(net(x), y)
            loss.backward()
            step.step()
            curve.append(float(loss))
        return {
            "target_modules": config,
            "trainable_params": sum(map(torch.numel, trained)),
            "losses": curve,
            "final_loss": curve[-1],
        }

    return {"+".join(config): run(config) for config in target_configs}
