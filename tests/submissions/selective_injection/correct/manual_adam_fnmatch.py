# style: fnmatch; own Adam with torch.autograd.grad, .grad stays None all the time
import fnmatch
import functools

import torch
import torch.nn as nn

from lab import SimpleTransformerBlock, generate_synthetic_data


class LoRAWrapped(nn.Module):
    def __init__(self, linear, rank, alpha):
        super().__init__()
        self.linear = linear
        self.lora_A = nn.Linear(linear.in_features, rank, bias=False)
        self.lora_B = nn.Linear(rank, linear.out_features, bias=False)
        self.lora_B.weight = nn.Parameter(torch.zeros_like(self.lora_B.weight))
        self.alpha_over_rank = float(alpha) / float(rank)

    def forward(self, inp):
        base = self.linear(inp)
        low = self.lora_A(inp)
        return base + self.lora_B(low * self.alpha_over_rank)


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]
    globs = ["*" + t for t in target_modules]
    names = [n for n, m in model.named_modules() if isinstance(m, nn.Linear)
             and any(fnmatch.fnmatchcase(n, g) for g in globs)]
    for p in model.parameters():
        p.requires_grad = False
    for n in names:
        path = n.split(".")
        parent = functools.reduce(getattr, path[:-1], model)
        setattr(parent, path[-1], LoRAWrapped(getattr(parent, path[-1]), rank, alpha))
    return model


def compare_target_modules(target_configs, n_epochs=50):
    results = {}
    for targets in target_configs:
        torch.manual_seed(0)
        model = SimpleTransformerBlock()
        x, y = generate_synthetic_data(64)
        model = add_lora_to_model_selective(model, 8, 16, targets)
        theta = [p for p in model.parameters() if p.requires_grad]
        m = [torch.zeros_like(p) for p in theta]
        v = [torch.zeros_like(p) for p in theta]
        losses = []
        for t in range(1, n_epochs + 1):
            loss = ((model(x) - y) ** 2).mean()
            grads = torch.autograd.grad(loss, theta)
            with torch.no_grad():
                for p, g, mi, vi in zip(theta, grads, m, v):
                    mi.mul_(0.9).add_(g, alpha=0.1)
                    vi.mul_(0.999).addcmul_(g, g, value=0.001)
                    mhat = mi / (1 - 0.9**t)
                    vhat = vi / (1 - 0.999**t)
                    p -= 1e-3 * mhat / (vhat.sqrt() + 1e-8)
            losses.append(loss.item())
        results["+".join(targets)] = dict(zip(
            ("target_modules", "trainable_params", "losses", "final_loss"),
            (targets, sum(p.numel() for p in theta), losses, losses[-1]),
        ))
    return results
