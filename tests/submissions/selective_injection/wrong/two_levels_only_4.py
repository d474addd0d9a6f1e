# mistake: unnamed
# Model.layers = ModuleList([Layer with .attn.q_proj]), i.e. "layers.0.attn.q_proj": not wrapped.
# comes from BERT fine-tuning scripts, "for layer in model.layers"
import torch
from torch import nn

from lab import LoRALayer, SimpleTransformerBlock, generate_synthetic_data


def _maybe(parent, child_name, rank, alpha, targets):
    child = getattr(parent, child_name)
    if isinstance(child, nn.Linear) and child_name in targets:
        setattr(parent, child_name, LoRALayer(child, rank, alpha))
        return True
    return False


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    targets = ["q_proj", "k_proj", "v_proj", "o_proj"] if target_modules is None else target_modules
    for p in model.parameters():
        p.requires_grad = False
    for name, child in list(model.named_children()):
        if _maybe(model, name, rank, alpha, targets):
            continue
        for name2, child2 in list(child.named_children()):
            if _maybe(child, name2, rank, alpha, targets):
                continue
            # ModuleList of blocks: blocks.0.q_proj
            if isinstance(child, (nn.ModuleList, nn.Sequential)):
                for name3, _ in list(child2.named_children()):
                    _maybe(child2, name3, rank, alpha, targets)
    return model


def train(block, x, y, n_epochs):
    opt = torch.optim.AdamW([p for p in block.parameters() if p.requires_grad], lr=1e-3)
    for _ in range(n_epochs):
        loss = (block(x) - y).pow(2).mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
        yield loss.item()


def compare_target_modules(target_configs, n_epochs=50):
    results = {}
    for t in target_configs:
        torch.manual_seed(0)
        block = SimpleTransformerBlock()
        x, y = generate_synthetic_data()
        add_lora_to_model_selective(block, 8, 16, t)
        losses = list(train(block, x, y, n_epochs))
        results["+".join(t)] = {
            "target_modules": t,
            "trainable_params": sum(p.numel() for p in block.parameters() if p.requires_grad),
            "losses": losses,
            "final_loss": losses[-1],
        }
    return results
