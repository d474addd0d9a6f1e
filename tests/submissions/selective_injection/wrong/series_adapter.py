# mistake: unnamed
# Gate_proj = Linear(32, 64), rank 2: lora_A is (2, 64); q_proj (square): with B = ones the output is not W x + s B A x.
# Houlsby adapters and LoRA confused; unusual: nn.Sequential of base and residual
import torch
from torch import nn

from lab import SimpleTransformerBlock, generate_synthetic_data


class Residual(nn.Module):
    def __init__(self, width, rank, alpha, like):
        super().__init__()
        self.lora_A = nn.Parameter(torch.randn(rank, width).to(like) / width**0.5)
        self.lora_B = nn.Parameter(torch.zeros(width, rank).to(like))
        self.scale = alpha / rank

    def forward(self, h):
        return h + self.scale * (h @ self.lora_A.T @ self.lora_B.T)


def with_adapter(linear, rank, alpha):
    return nn.Sequential(linear, Residual(linear.out_features, rank, alpha, linear.weight))


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]
    model.requires_grad_(False)
    for name, module in list(model.named_modules()):
        if isinstance(module, nn.Linear) and any(t in name for t in target_modules):
            parent, _, child = name.rpartition(".")
            setattr(model.get_submodule(parent), child, with_adapter(module, rank, alpha))
    return model


def compare_target_modules(target_configs, n_epochs=50):
    results = {}
    for targets in target_configs:
        torch.manual_seed(0)
        net = SimpleTransformerBlock()
        x, y = generate_synthetic_data()
        add_lora_to_model_selective(net, 8, 16, targets)
        params = [p for p in net.parameters() if p.requires_grad]
        opt = torch.optim.AdamW(params, lr=1e-3)
        losses = []
        for _ in range(n_epochs):
            loss = nn.functional.mse_loss(net(x), y)
            opt.zero_grad()
            loss.backward()
            opt.step()
            losses.append(loss.item())
        results["+".join(targets)] = {"target_modules": targets, "trainable_params": sum(p.numel() for p in params),
                                      "losses": losses, "final_loss": losses[-1]}
    return results
