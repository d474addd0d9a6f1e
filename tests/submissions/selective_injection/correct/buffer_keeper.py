# who: embedded systems dev, wants frozen things not to be Parameters at all; unusual: wrapper keeps weight and bias as buffers, update computed as one merged matrix each call
import torch
from torch import nn
import torch.nn.functional as F

from lab import SimpleTransformerBlock, generate_synthetic_data


class FrozenPlusLowRank(nn.Module):
    """W, b are constants (buffers). Only lora_A / lora_B are Parameters."""

    def __init__(self, src: nn.Linear, rank, alpha):
        super().__init__()
        self.in_features = src.in_features
        self.out_features = src.out_features
        self.register_buffer("weight", src.weight.detach())
        self.register_buffer("bias", None if src.bias is None else src.bias.detach())
        a = torch.empty(rank, self.in_features, dtype=src.weight.dtype, device=src.weight.device)
        nn.init.xavier_normal_(a)
        self.lora_A = nn.Parameter(a)
        self.lora_B = nn.Parameter(torch.zeros(self.out_features, rank, dtype=a.dtype, device=a.device))
        self.k = float(alpha) / float(rank)
        self.train(src.training)

    def forward(self, x):
        w = self.weight + self.k * (self.lora_B @ self.lora_A)
        return F.linear(x, w, self.bias)


def add_lora_to_model_selective(model: nn.Module, rank: int = 8, alpha: float = 16, target_modules=None) -> nn.Module:
    if target_modules is None:
        target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]
    hits = []
    for parent in model.modules():
        for key, child in parent.named_children():
            if isinstance(child, nn.Linear) and key in target_modules:
                hits.append((parent, key, child))
    for parent, key, child in hits:
        setattr(parent, key, FrozenPlusLowRank(child, rank, alpha))
    for name, p in model.named_parameters():
        p.requires_grad = name.endswith(("lora_A", "lora_B"))
    return model


def compare_target_modules(target_configs, n_epochs=50):
    table = {}
    for targets in target_configs:
        torch.manual_seed(0)
        x, y = generate_synthetic_data(48)
        torch.manual_seed(0)
        dut = SimpleTransformerBlock()   # device under test
        add_lora_to_model_selective(dut, 8, 16, targets)
        knobs = [p for p in dut.parameters() if p.requires_grad]
        opt = torch.optim.Adagrad(knobs, lr=5e-3)
        log = []
        for _ in range(n_epochs):
            e = F.l1_loss(dut(x), y)
            opt.zero_grad()
            e.backward()
            opt.step()
            log.append(e.item())
        table["+".join(targets)] = {
            "target_modules": targets,
            "trainable_params": sum(k.numel() for k in knobs),
            "losses": log,
            "final_loss": log[-1],
        }
    return table
