# mistake: unnamed
# A model with q_proj = nn.Linear(4, 4) (bias) and ["q_proj"]: output changes.
import math

import torch
import torch.nn as nn
import torch.nn.functional as F

from lab import SimpleTransformerBlock, generate_synthetic_data


class LoRALinear(nn.Module):
    """LoRA linear layer, Llama style (no bias anywhere)."""

    def __init__(self, in_features, out_features, rank, alpha):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(out_features, in_features), requires_grad=False)
        self.lora_A = nn.Parameter(torch.empty(rank, in_features))
        self.lora_B = nn.Parameter(torch.zeros(out_features, rank))
        nn.init.kaiming_uniform_(self.lora_A, a=math.sqrt(5))
        self.scaling = alpha / rank

    @classmethod
    def from_linear(cls, linear, rank, alpha):
        new = cls(linear.in_features, linear.out_features, rank, alpha).to(linear.weight.dtype)
        new.weight.data.copy_(linear.weight.data)
        return new

    def forward(self, x):
        return F.linear(x, self.weight) + F.linear(F.linear(x, self.lora_A), self.lora_B) * self.scaling


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]
    for p in model.parameters():
        p.requires_grad = False
    for name, module in list(model.named_modules()):
        if isinstance(module, nn.Linear) and any(t in name for t in target_modules):
            parent_name, _, child_name = name.rpartition(".")
            setattr(model.get_submodule(parent_name), child_name, LoRALinear.from_linear(module, rank, alpha))
    return model


def compare_target_modules(target_configs, n_epochs=50):
    results = {}
    for targets in target_configs:
        torch.manual_seed(0)
        block = SimpleTransformerBlock()
        x, y = generate_synthetic_data()
        block = add_lora_to_model_selective(block, 8, 16, targets)
        trainable = [p for p in block.parameters() if p.requires_grad]
        optimizer = torch.optim.AdamW(trainable, lr=1e-3)
        losses = []
        for _ in range(n_epochs):
            optimizer.zero_grad()
            loss = F.mse_loss(block(x), y)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        results["+".join(targets)] = {"target_modules": targets, "trainable_params": sum(p.numel() for p in trainable),
                                      "losses": losses, "final_loss": losses[-1]}
    return results
