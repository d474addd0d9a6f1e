# mistake: unnamed
# Head = nn.Linear(32, 2), rank=8, ["head"]: lora_A has 2 rows.
import torch
import torch.nn as nn

from lab import LoRALayer, SimpleTransformerBlock, generate_synthetic_data


def effective_rank(layer: nn.Linear, rank: int) -> int:
    """A matrix of shape (out, in) has at most rank min(out, in): more would be a waste of parameters."""
    return max(1, min(rank, layer.in_features, layer.out_features))


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    """Inject LoRA adapters. Robust version, validates its arguments."""
    if not isinstance(rank, int) or rank <= 0:
        raise ValueError("rank must be a positive integer")
    if alpha <= 0:
        raise ValueError("alpha must be positive")
    if target_modules is None:
        target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]
    for param in model.parameters():
        param.requires_grad = False
    replaced = {}
    for name, module in list(model.named_modules()):
        if isinstance(module, nn.Linear) and any(target in name for target in target_modules):
            *path, leaf = name.split(".")
            parent = model.get_submodule(".".join(path))
            replaced[name] = LoRALayer(module, rank=effective_rank(module, rank), alpha=alpha)
            setattr(parent, leaf, replaced[name])
    return model


def compare_target_modules(target_configs, n_epochs=50):
    """Compare different target module configurations under identical conditions."""
    results = {}
    for targets in target_configs:
        torch.manual_seed(42)
        model = SimpleTransformerBlock(d_model=256, n_heads=8)
        inputs, labels = generate_synthetic_data()
        model = add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=targets)
        trainable = [p for p in model.parameters() if p.requires_grad]
        optimizer = torch.optim.AdamW(trainable, lr=1e-3)
        criterion = nn.MSELoss()
        losses = []
        for epoch in range(n_epochs):
            optimizer.zero_grad()
            loss = criterion(model(inputs), labels)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        results["+".join(targets)] = {
            "target_modules": targets,
            "trainable_params": sum(p.numel() for p in trainable),
            "losses": losses,
            "final_loss": losses[-1],
        }
    return results
