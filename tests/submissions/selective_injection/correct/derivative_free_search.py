# trains without any gradient: random search with mirrored steps and an adaptive step size, in inference mode
import torch
from torch import nn

from lab import SimpleTransformerBlock, generate_synthetic_data


class MultiDotLoRA(nn.Module):
    def __init__(self, frozen, r, alpha):
        super().__init__()
        self.frozen = frozen
        self.lora_A = nn.Parameter(torch.randn_like(frozen.weight[:1].expand(r, -1)) * 0.02)
        self.lora_B = nn.Parameter(torch.zeros_like(frozen.weight[:, :1].expand(-1, r)))
        self.gain = alpha / r

    def forward(self, x):
        rows = x.reshape(-1, x.shape[-1])
        update = torch.linalg.multi_dot([rows, self.lora_A.T, self.lora_B.T])
        return self.frozen(x) + self.gain * update.reshape(*x.shape[:-1], update.shape[-1])


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    targets = ["q_proj", "k_proj", "v_proj", "o_proj"] if target_modules is None else target_modules

    def visit(module, path):
        for key, child in tuple(module._modules.items()):
            if child is None:
                continue
            here = path + (key,)
            if isinstance(child, nn.Linear):
                if key in targets or ".".join(here).endswith(tuple("." + t for t in targets)):
                    module._modules[key] = MultiDotLoRA(child, rank, alpha)
            else:
                visit(child, here)

    model.requires_grad_(False)
    visit(model, ())
    return model


@torch.inference_mode()
def _search(block, factors, x, y, generator, n_epochs, pairs=6):
    def loss():
        return nn.functional.mse_loss(block(x), y, reduction="sum").item() / len(x)

    def walk(steps, sign):
        for p, step in zip(factors, steps):
            p.add_(step, alpha=sign)

    best, size = loss(), 3e-3
    for _ in range(n_epochs):
        for _ in range(pairs):
            steps = [size * torch.randn(p.shape, generator=generator) for p in factors]
            start = [p.clone() for p in factors]
            for sign in (1.0, -1.0):
                walk(steps, sign)
                now = loss()
                if now < best:
                    best, size = now, min(1.3 * size, 3e-2)
                    break
                for p, old in zip(factors, start):
                    p.copy_(old)
            else:
                size *= 0.7
        yield best


def compare_target_modules(target_configs, n_epochs=50):
    results = dict()
    for targets in target_configs:
        torch.manual_seed(5)
        block = SimpleTransformerBlock()
        x, y = generate_synthetic_data(16)
        add_lora_to_model_selective(block, rank=8, alpha=16, target_modules=targets)
        factors = [p for p in block.parameters() if p.requires_grad]
        losses = [*_search(block, factors, x, y, torch.Generator().manual_seed(6), n_epochs)]
        results["+".join(targets)] = {
            "target_modules": targets,
            "trainable_params": sum(p.numel() for p in factors),
            "losses": losses,
            "final_loss": losses[-1],
        }
    return results
