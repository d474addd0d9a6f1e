# who: night-shift nurse retraining as data analyst, follows the hints line by line at 5 a.m., short comments; unusual: nothing, the plainest way
import torch
from torch import nn

from lab import LoRALayer, SimpleTransformerBlock, generate_synthetic_data


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]
    # freeze
    for p in model.parameters():
        p.requires_grad = False
    # wrap
    for name, module in list(model.named_modules()):
        if not isinstance(module, nn.Linear):
            continue
        hit = False
        for t in target_modules:
            if t in name:
                hit = True
        if hit:
            if "." in name:
                parent_name, child = name.rsplit(".", 1)
                parent = model.get_submodule(parent_name)
            else:
                parent, child = model, name
            setattr(parent, child, LoRALayer(module, rank, alpha))
            # print("wrapped", name)
    return model


def compare_target_modules(target_configs, n_epochs=50):
    results = {}
    for targets in target_configs:
        torch.manual_seed(42)
        block = SimpleTransformerBlock()
        x, y = generate_synthetic_data()
        add_lora_to_model_selective(block, 8, 16, targets)
        params = [p for p in block.parameters() if p.requires_grad]
        opt = torch.optim.AdamW(params, lr=1e-3)
        losses = []
        for epoch in range(n_epochs):
            opt.zero_grad()
            loss = ((block(x) - y) ** 2).mean()
            loss.backward()
            opt.step()
            losses.append(loss.item())
        results["+".join(targets)] = {
            "target_modules": targets,
            "trainable_params": sum(p.numel() for p in params),
            "losses": losses,
            "final_loss": losses[-1] if losses else None,
        }
    return results
