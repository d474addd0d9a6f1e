# one matrix product with the merged weight; glob patterns; training in float64
import fnmatch

import torch
import torch.nn.functional as F
from torch import nn

from lab import SimpleTransformerBlock, generate_synthetic_data


class MergedLinear(nn.Module):
    def __init__(self, layer, rank, alpha):
        super().__init__()
        self.weight, self.bias = layer.weight, layer.bias
        self.scaling = alpha / rank
        self.lora_A = nn.Parameter(torch.randn(rank, layer.in_features).to(layer.weight) / rank)
        self.lora_B = nn.Parameter(layer.weight.new_zeros(layer.out_features, rank))

    def forward(self, x):
        return F.linear(x, torch.addmm(self.weight, self.lora_B, self.lora_A, alpha=self.scaling), self.bias)


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]
    model.requires_grad_(False)
    for name, module in dict(model.named_modules()).items():
        if isinstance(module, nn.Linear) and any(fnmatch.fnmatchcase(name, "*" + t) for t in target_modules):
            parent, _, child = name.rpartition(".")
            setattr(model.get_submodule(parent), child, MergedLinear(module, rank, alpha))
    return model


def compare_target_modules(target_configs, n_epochs=50):
    results = {}
    for targets in target_configs:
        torch.manual_seed(0)
        block = SimpleTransformerBlock().double()
        x, y = (t.double() for t in generate_synthetic_data(32, 16, 256))
        add_lora_to_model_selective(block, 8, 16, targets)
        params = [p for p in block.parameters() if p.requires_grad]
        opt = torch.optim.Adam(params, lr=1e-3, betas=(0.9, 0.99))
        losses = []
        while len(losses) < n_epochs:
            opt.zero_grad()
            loss = F.mse_loss(block(x), y)
            loss.backward()
            opt.step()
            losses.append(loss.item())
        results["+".join(targets)] = {
            "target_modules": targets,
            "trainable_params": sum(p.numel() for p in params),
            "losses": losses,
            "final_loss": losses[-1],
        }
    return results
