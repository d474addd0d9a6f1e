# style: breadth-first walk with deque; the seed is drawn from random once per call; LBFGS with closures
import random
from collections import deque

import torch
from torch import nn
from torch.nn import functional as F

from lab import SimpleTransformerBlock, generate_synthetic_data


class L(nn.Module):
    def __init__(self, w, b, r, a):
        super().__init__()
        self.w, self.b, self.k = w, b, a / r
        self.lora_A = nn.Parameter(torch.normal(0.0, 0.02, (r, w.size(1))))
        self.lora_B = nn.Parameter(w.new_zeros(w.size(0), r))

    def forward(self, x):
        z = F.linear(x, self.w, self.b)
        return torch.add(z, F.linear(F.linear(x, self.lora_A), self.lora_B), alpha=self.k)


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    names = ["q_proj", "k_proj", "v_proj", "o_proj"] if target_modules is None else target_modules
    model.requires_grad_(False)
    queue = deque([("", model)])
    while queue:
        prefix, module = queue.popleft()
        for leaf, child in list(module._modules.items()):
            if child is None:
                continue
            path = prefix + "." + leaf
            if isinstance(child, nn.Linear):
                if any(path.endswith("." + n) for n in names):
                    setattr(module, leaf, L(child.weight, child.bias, rank, alpha))
            else:
                queue.append((path, child))
    return model


def compare_target_modules(target_configs, n_epochs=50):
    seed = random.randrange(2**31)
    out = {}
    for targets in target_configs:
        torch.manual_seed(seed)
        net = SimpleTransformerBlock()
        x, y = generate_synthetic_data(16)
        add_lora_to_model_selective(net, 8, 16, targets)
        live = [p for p in net.parameters() if p.requires_grad]
        opt = torch.optim.LBFGS(live, lr=0.5, max_iter=2, history_size=5)

        def closure():
            opt.zero_grad()
            loss = F.mse_loss(net(x), y)
            loss.backward()
            return loss

        losses = [opt.step(closure).item() for _ in range(n_epochs)]
        out["+".join(targets)] = {"target_modules": targets, "trainable_params": sum(p.numel() for p in live),
                                  "losses": losses, "final_loss": losses[-1]}
    return out
