# style: own torch.autograd.Function with a hand-written backward; step decay; helper shared by both functions (the comparison never calls the public injection)
import torch
from torch import nn

from lab import SimpleTransformerBlock, generate_synthetic_data

ATTENTION = ["q_proj", "k_proj", "v_proj", "o_proj"]


class LowRank(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, A, B, s):
        h = x @ A.t()
        ctx.save_for_backward(x, A, B, h)
        ctx.s = s
        return s * (h @ B.t())

    @staticmethod
    def backward(ctx, g):
        x, A, B, h = ctx.saved_tensors
        g = ctx.s * g
        gh = g @ B
        g2, h2, gh2, x2 = (t.reshape(-1, t.shape[-1]) for t in (g, h, gh, x))
        return gh @ A, gh2.t() @ x2, g2.t() @ h2, None


class FastLoRA(nn.Module):
    def __init__(self, base, rank, alpha):
        super().__init__()
        self.base, self.s = base, alpha / rank
        self.lora_A = nn.Parameter(nn.init.kaiming_normal_(torch.empty(rank, base.in_features)))
        self.lora_B = nn.Parameter(torch.zeros(base.out_features, rank))

    def forward(self, x):
        return self.base(x) + LowRank.apply(x, self.lora_A, self.lora_B, self.s)


def _inject(model, rank, alpha, targets):
    model.requires_grad_(False)
    factors = []
    for parent in list(model.modules()):
        for leaf, child in list(parent._modules.items()):
            if isinstance(child, nn.Linear) and leaf in targets:
                new = FastLoRA(child, rank, alpha)
                parent._modules[leaf] = new
                factors += [new.lora_A, new.lora_B]
    return factors


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    _inject(model, rank, alpha, ATTENTION if target_modules is None else target_modules)
    return model


def compare_target_modules(target_configs, n_epochs=50):
    result = {}
    for targets in target_configs:
        torch.manual_seed(0)
        model = SimpleTransformerBlock()
        x, y = generate_synthetic_data()
        factors = _inject(model, 8, 16, targets)
        opt = torch.optim.Adam(factors, lr=2e-3)
        decay = torch.optim.lr_scheduler.StepLR(opt, step_size=20, gamma=0.5)
        losses = []
        for _ in range(n_epochs):
            opt.zero_grad()
            loss = (model(x) - y).pow(2).mean().sqrt()  # RMSE
            loss.backward()
            opt.step()
            decay.step()
            losses.append(loss.item())
        result["+".join(targets)] = {"target_modules": targets, "trainable_params": sum(f.numel() for f in factors),
                                     "losses": losses, "final_loss": losses[-1]}
    return result
