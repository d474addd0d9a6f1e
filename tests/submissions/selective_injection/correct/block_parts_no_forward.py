# style: the comparison calls the block's attention and mlp itself (never its forward) to log each part's share
import torch
from torch import nn

from lab import LoRALayer, SimpleTransformerBlock, generate_synthetic_data


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"] if target_modules is None else target_modules

    def visit(module, prefix):
        for p in module._parameters.values():
            if p is not None:
                p.requires_grad = False
        for name, child in list(module.named_children()):
            full = f"{prefix}.{name}" if prefix else name
            visit(child, full)
            if isinstance(child, nn.Linear) and any(t in full for t in target_modules):
                setattr(module, name, LoRALayer(child, rank, alpha))

    visit(model, "")
    return model


def run_block(block, x):
    a = block.attention(block.norm1(x))
    h = x + a
    m = block.mlp(block.norm2(h))
    return h + m, a, m


def compare_target_modules(target_configs, n_epochs=50):
    out = {}
    for targets in target_configs:
        torch.manual_seed(6)
        block = SimpleTransformerBlock()
        x, y = generate_synthetic_data(64)
        add_lora_to_model_selective(block, target_modules=targets)
        opt = torch.optim.AdamW([p for p in block.parameters() if p.requires_grad], lr=1e-3)
        losses, shares = [], []
        for _ in range(n_epochs):
            pred, a, m = run_block(block, x)
            loss = nn.functional.mse_loss(pred, y)
            opt.zero_grad()
            loss.backward()
            opt.step()
            losses.append(loss.item())
            shares.append((a.detach().norm() / (a.detach().norm() + m.detach().norm())).item())
        out["+".join(targets)] = {
            "target_modules": targets,
            "trainable_params": sum(p.numel() for p in block.parameters() if p.requires_grad),
            "losses": losses,
            "final_loss": losses[-1],
            "attention_share": shares,
        }
    return out
