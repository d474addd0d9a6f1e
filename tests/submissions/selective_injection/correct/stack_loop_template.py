# an own stack instead of recursion; the block is deep-copied from a template made once a call; Huber loss
import copy

import torch
from torch import nn

from lab import SimpleTransformerBlock, generate_synthetic_data


class Adapted(nn.Module):
    def __init__(self, linear, rank, alpha):
        super().__init__()
        self.linear = linear
        self.lora_A = nn.Linear(linear.in_features, rank, bias=False)
        self.lora_B = nn.Linear(rank, linear.out_features, bias=False)
        nn.init.zeros_(self.lora_B.weight)
        self.register_buffer("scale", torch.tensor(float(alpha)) / rank)

    def forward(self, x):
        return self.linear(x) + self.scale * self.lora_B(self.lora_A(x))


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]
    model.requires_grad_(False)
    stack = [("", model)]
    while stack:
        prefix, parent = stack.pop()
        for name, child in list(parent._modules.items()):
            if child is None:
                continue
            full = prefix + name
            if isinstance(child, nn.Linear) and any(t in full for t in target_modules):
                parent._modules[name] = Adapted(child, rank, alpha)
            else:
                stack.append((full + ".", child))
    return model


def compare_target_modules(target_configs, n_epochs=50):
    torch.manual_seed(5)
    template = SimpleTransformerBlock()
    x, y = generate_synthetic_data(100)
    results = {}
    for targets in target_configs:
        torch.manual_seed(6)
        model = add_lora_to_model_selective(copy.deepcopy(template), 8, 16, targets)
        trainable = [p for p in model.parameters() if p.requires_grad]
        opt = torch.optim.RMSprop(trainable, lr=3e-4)
        losses = []
        for _ in range(n_epochs):
            opt.zero_grad()
            loss = nn.functional.huber_loss(model(x), y, delta=0.5)
            loss.backward()
            opt.step()
            losses.append(loss.item())
        results["+".join(targets)] = {
            "final_loss": losses[-1],
            "losses": losses,
            "trainable_params": sum(p.numel() for p in trainable),
            "target_modules": targets,
        }
    return results
