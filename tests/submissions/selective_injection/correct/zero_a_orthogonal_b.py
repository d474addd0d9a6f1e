# A starts at zero and B orthogonal, the other way round (the output does not change either); Lion by hand
import torch
from torch import nn

from lab import SimpleTransformerBlock, generate_synthetic_data

DEFAULT = ("q_proj", "k_proj", "v_proj", "o_proj")


class ReversedLoRA(nn.Module):
    def __init__(self, base: nn.Linear, rank: int, alpha: float):
        super().__init__()
        self.base = base
        out, n_in = base.weight.shape
        orthogonal = nn.init.orthogonal_(torch.empty(out, rank))  # in float32: QR does not exist in half precision
        self.lora_A = nn.Parameter(base.weight.new_zeros(rank, n_in))
        self.lora_B = nn.Parameter(orthogonal.to(base.weight))
        self.alpha, self.rank = alpha, rank

    def forward(self, x):
        return self.base(x) + x @ self.lora_A.mT @ self.lora_B.mT * self.alpha / self.rank


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    wanted = set(DEFAULT if target_modules is None else target_modules)
    model.requires_grad_(False)
    for parent_name, parent in list(model.named_modules()):
        for child_name, child in list(parent.named_children()):
            dotted = f"{parent_name}.{child_name}".lstrip(".")
            parts = dotted.split(".")
            suffixes = {".".join(parts[i:]) for i in range(len(parts))}
            if type(child) is nn.Linear and suffixes & wanted:
                setattr(parent, child_name, ReversedLoRA(child, rank, alpha))
    return model


class Lion:
    """Chen et al. 2023: the sign of an interpolated momentum."""

    def __init__(self, params, lr, betas=(0.9, 0.99)):
        self.params, self.lr, self.betas = list(params), lr, betas
        self.momenta = [torch.zeros_like(p) for p in self.params]

    @torch.no_grad()
    def step(self, grads):
        b1, b2 = self.betas
        for p, m, g in zip(self.params, self.momenta, grads):
            p.sub_(torch.sign(b1 * m + (1 - b1) * g), alpha=self.lr)
            m.lerp_(g, 1 - b2)


def compare_target_modules(target_configs, n_epochs=50):
    out = {}
    for config in target_configs:
        torch.manual_seed(99)
        block = SimpleTransformerBlock()
        x, y = generate_synthetic_data(40)
        block = add_lora_to_model_selective(block, 8, 16, config)
        trained = [p for p in block.parameters() if p.requires_grad]
        lion = Lion(trained, lr=5e-5)
        losses = []
        for _ in range(n_epochs):
            loss = nn.functional.mse_loss(block(x), y)
            # autograd.grad: no .grad fields, nothing to zero
            lion.step(torch.autograd.grad(loss, trained))
            losses.append(float(loss.detach()))
        out["+".join(config)] = dict(
            target_modules=config,
            trainable_params=int(sum(p.numel() for p in trained)),
            losses=losses,
            final_loss=losses[-1],
        )
    return out
