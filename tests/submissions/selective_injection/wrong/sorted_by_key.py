# mistake: order-changed
# The entries are in alphabetical order of their keys.
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from lab import LoRALayer, SimpleTransformerBlock, generate_synthetic_data


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    """Look at the children of every module and swap those that are asked for."""
    targets = ["q_proj", "k_proj", "v_proj", "o_proj"]
    if target_modules is not None:
        targets = list(target_modules)

    model.requires_grad_(False)

    for prefix, parent in list(model.named_modules()):
        for attr, child in list(parent.named_children()):
            path = (prefix + "." + attr).lstrip(".")
            if isinstance(child, nn.Linear) and any(path.endswith(t) for t in targets):
                parent._modules[attr] = LoRALayer(child, rank, alpha)

    return model


def compare_target_modules(target_configs, n_epochs=50):
    criterion = nn.MSELoss()
    results = {}
    for targets in target_configs:
        # same weights, data, factors and batches for everyone
        torch.manual_seed(0)
        block = SimpleTransformerBlock()
        x, y = generate_synthetic_data()
        loader = DataLoader(TensorDataset(x, y), batch_size=32, shuffle=True)
        block = add_lora_to_model_selective(block, 8, 16, targets)
        params = [p for p in block.parameters() if p.requires_grad]
        opt = torch.optim.AdamW(params, lr=1e-3)

        history = []
        for _ in range(n_epochs):
            total = 0.0
            for xb, yb in loader:
                opt.zero_grad()
                loss = criterion(block(xb), yb)
                loss.backward()
                opt.step()
                total += loss.item()
            history.append(total / len(loader))

        key = "+".join(targets)
        results[key] = dict(
            target_modules=list(targets),
            trainable_params=sum(p.numel() for p in params),
            losses=history,
            final_loss=history[-1],
        )
    return {key: results[key] for key in sorted(results)}
