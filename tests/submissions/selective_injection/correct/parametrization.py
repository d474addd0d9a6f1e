# torch.nn.utils.parametrize on the weight; L1 loss
import torch
import torch.nn as nn
import torch.nn.utils.parametrize as P

from lab import SimpleTransformerBlock, generate_synthetic_data


class LoRA(nn.Module):
    def __init__(self, weight, rank, alpha):
        super().__init__()
        n_out, n_in = weight.shape
        self.lora_A = nn.Parameter(torch.randn(rank, n_in, dtype=weight.dtype, device=weight.device) * 0.02)
        self.lora_B = nn.Parameter(torch.zeros(n_out, rank, dtype=weight.dtype, device=weight.device))
        self.scaling = alpha / rank

    def forward(self, weight):
        return weight + self.scaling * self.lora_B @ self.lora_A


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = "q_proj k_proj v_proj o_proj".split()
    model.requires_grad_(False)
    chosen = [
        module for name, module in model.named_modules()
        if isinstance(module, nn.Linear) and any(name.endswith(t) for t in target_modules)
    ]
    for linear in chosen:
        P.register_parametrization(linear, "weight", LoRA(linear.weight, rank, alpha))
    return model


def compare_target_modules(target_configs, n_epochs=50):
    results = {}
    for targets in target_configs:
        torch.manual_seed(0)
        model = SimpleTransformerBlock()
        x, y = generate_synthetic_data()
        add_lora_to_model_selective(model, 8, 16, targets)
        optim = torch.optim.Adam((p for p in model.parameters() if p.requires_grad), lr=1e-3)
        losses = []
        for _ in range(n_epochs):
            with P.cached():
                loss = nn.functional.l1_loss(model(x), y)
            optim.zero_grad()
            loss.backward()
            optim.step()
            losses.append(loss.detach().item())
        results["+".join(targets)] = {
            "target_modules": targets,
            "trainable_params": sum(p.numel() for p in model.parameters() if p.requires_grad),
            "losses": losses,
            "final_loss": losses[-1],
        }
    return results
