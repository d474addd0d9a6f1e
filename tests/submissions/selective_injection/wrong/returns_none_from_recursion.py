# mistake: returns-none + data-differs
# The function calls itself on the children, and only the branch that is never taken returns the model.
import torch
from torch import nn

from lab import LoRALayer, SimpleTransformerBlock, generate_synthetic_data


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]
    model.requires_grad_(False)
    children = dict(model.named_children())
    if len(children) == 0:
        return model
    for name, child in children.items():
        if isinstance(child, nn.Linear):
            if name in target_modules:
                setattr(model, name, LoRALayer(child, rank, alpha))
        else:
            add_lora_to_model_selective(child, rank, alpha, target_modules)


def compare_target_modules(target_configs, n_epochs=50):
    results = {}
    for targets in target_configs:
        torch.manual_seed(11)
        model = SimpleTransformerBlock()
        add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=targets)
        params = [p for p in model.parameters() if p.requires_grad]
        opt = torch.optim.AdamW(params, lr=1e-3, weight_decay=0.0)
        mse = nn.MSELoss()
        losses = []
        for _ in range(n_epochs):
            x, y = generate_synthetic_data(64)  # new samples of the same task each epoch
            loss = mse(model(x), y)
            opt.zero_grad()
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
