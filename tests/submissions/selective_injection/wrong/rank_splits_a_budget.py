# mistake: other-setting
# The rank is divided by the number of targets 'for a fair budget'.
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from lab import LoRALayer, SimpleTransformerBlock, generate_synthetic_data


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    """Add LoRA to the selected linear layers."""
    if target_modules is None:
        target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]

    model.requires_grad_(False)
    for name, module in list(model.named_modules()):
        if isinstance(module, nn.Linear) and any(t in name for t in target_modules):
            parent_name, _, child_name = name.rpartition(".")
            parent = model.get_submodule(parent_name)
            setattr(parent, child_name, LoRALayer(module, rank, alpha))
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
        block = add_lora_to_model_selective(block, max(1, 8 // len(targets)), 16, targets)
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
    return results
