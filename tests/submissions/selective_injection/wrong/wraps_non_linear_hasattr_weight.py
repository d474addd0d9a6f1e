# mistake: wraps-non-linear
# Everything with a 2-D weight is wrapped, so an Embedding with a matching name is too.
import torch
import torch.nn.functional as F
from torch import nn

from lab import SimpleTransformerBlock, generate_synthetic_data


class LoRA(nn.Module):
    def __init__(self, wrapped, rank, alpha):
        super().__init__()
        self.wrapped = wrapped
        out_dim, in_dim = wrapped.weight.shape
        self.lora_A = nn.Parameter(torch.randn(rank, in_dim) / rank)
        self.lora_B = nn.Parameter(torch.zeros(out_dim, rank))
        self.s = alpha / rank

    def forward(self, x):
        return self.wrapped(x) + self.s * ((x @ self.lora_A.T) @ self.lora_B.T)


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]
    for p in model.parameters():
        p.requires_grad = False
    for name, module in list(model.named_modules()):
        weight = getattr(module, "weight", None)
        if weight is None or weight.dim() != 2:
            continue
        if any(t in name for t in target_modules):
            parent, _, attr = name.rpartition(".")
            setattr(model.get_submodule(parent), attr, LoRA(module, rank, alpha))
    return model


def compare_target_modules(target_configs, n_epochs=50):
    all_results = {}
    for targets in target_configs:
        torch.manual_seed(0)
        block = SimpleTransformerBlock()
        x, y = generate_synthetic_data()
        add_lora_to_model_selective(block, rank=8, alpha=16, target_modules=targets)
        adapters = [p for n, p in block.named_parameters() if "lora_" in n]
        optimizer = torch.optim.AdamW(adapters, lr=1e-3)
        losses = []
        for _ in range(n_epochs):
            block.zero_grad()
            loss = F.mse_loss(block(x), y)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        all_results["+".join(targets)] = {
            "target_modules": targets,
            "trainable_params": sum(p.numel() for p in block.parameters() if p.requires_grad),
            "losses": losses,
            "final_loss": losses[-1],
        }
    return all_results
