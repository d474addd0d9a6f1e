# style: reproducible A from a generator per layer name, start values kept as buffers (start_lora_A) for reset(); global RNG untouched by the injection
import zlib

import torch
from torch import nn

from lab import SimpleTransformerBlock, generate_synthetic_data


class ResettableLoRA(nn.Module):
    def __init__(self, layer, rank, alpha, seed):
        super().__init__()
        g = torch.Generator().manual_seed(seed)
        self.layer = layer
        self.register_buffer("start_lora_A", torch.randn(rank, layer.in_features, generator=g) * 0.05)
        self.register_buffer("start_lora_B", torch.zeros(layer.out_features, rank))
        self.lora_A = nn.Parameter(self.start_lora_A.clone())
        self.lora_B = nn.Parameter(self.start_lora_B.clone())
        self.scaling = alpha / rank

    @torch.no_grad()
    def reset(self):
        self.lora_A.copy_(self.start_lora_A)
        self.lora_B.copy_(self.start_lora_B)

    def forward(self, x):
        return self.layer(x) + self.scaling * nn.functional.linear(nn.functional.linear(x, self.lora_A), self.lora_B)


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]
    found = []
    for name, module in model.named_modules():
        for p in module.parameters(recurse=False):
            p.requires_grad = False
        if isinstance(module, nn.Linear) and any(t in name for t in target_modules):
            found.append((name, module))
    for name, module in found:
        parent, leaf = ("", name) if "." not in name else name.rsplit(".", 1)
        setattr(model.get_submodule(parent), leaf, ResettableLoRA(module, rank, alpha, zlib.crc32(name.encode())))
    return model


def compare_target_modules(target_configs, n_epochs=50):
    answer = {}
    for targets in target_configs:
        torch.manual_seed(3)
        block = SimpleTransformerBlock()
        xs, ys = generate_synthetic_data(64)
        add_lora_to_model_selective(block, 8, 16, targets)
        live = [p for p in block.parameters() if p.requires_grad]
        opt = torch.optim.Adamax(live, lr=2e-3)
        losses = []
        for _ in range(n_epochs):
            for i in (slice(0, 32), slice(32, 64)):
                opt.zero_grad()
                nn.functional.mse_loss(block(xs[i]), ys[i]).backward()
                opt.step()
            with torch.no_grad():
                losses.append(nn.functional.mse_loss(block(xs), ys).item())
        answer["+".join(targets)] = {"target_modules": targets, "trainable_params": sum(p.numel() for p in live),
                                     "losses": losses, "final_loss": losses[-1]}
    return answer
