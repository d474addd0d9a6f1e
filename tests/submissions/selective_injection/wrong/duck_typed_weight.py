# mistake: unnamed
# A model with k_proj = nn.Embedding(10, 4) and ["k_proj"]: the embedding is replaced.
# unusual: duck typing, F.linear on the bare weight
import torch
import torch.nn.functional as F
from torch import nn

from lab import SimpleTransformerBlock, generate_synthetic_data


class LowRank(nn.Module):
    def __init__(self, base, rank, alpha):
        super().__init__()
        self.base = base
        out_f, in_f = base.weight.shape
        self.lora_A = nn.Parameter(base.weight.new_empty(rank, in_f).normal_(0, 0.02))
        self.lora_B = nn.Parameter(base.weight.new_zeros(out_f, rank))
        self.s = alpha / rank

    def forward(self, x):
        return self.base(x) + self.s * F.linear(F.linear(x, self.lora_A), self.lora_B)


def quacks_like_linear(m):
    w = getattr(m, "weight", None)
    return isinstance(w, nn.Parameter) and w.dim() == 2


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    names = ["q_proj", "k_proj", "v_proj", "o_proj"] if target_modules is None else target_modules
    model.requires_grad_(False)
    for parent in list(model.modules()):
        for key, child in list(parent._modules.items()):
            if child is not None and key in names and quacks_like_linear(child):
                parent._modules[key] = LowRank(child, rank, alpha)
    return model


def compare_target_modules(target_configs, n_epochs=50):
    out = {}
    for targets in target_configs:
        torch.manual_seed(4)
        x, y = generate_synthetic_data()
        b = SimpleTransformerBlock()
        add_lora_to_model_selective(b, 8, 16, targets)
        ps = [p for p in b.parameters() if p.requires_grad]
        opt = torch.optim.AdamW(ps, lr=1e-3)
        losses = []
        for _ in range(n_epochs):
            loss = F.mse_loss(b(x), y)
            opt.zero_grad()
            loss.backward()
            opt.step()
            losses.append(loss.item())
        out["+".join(targets)] = {
            "target_modules": targets,
            "trainable_params": sum(p.numel() for p in ps),
            "losses": losses,
            "final_loss": losses[-1],
        }
    return out
