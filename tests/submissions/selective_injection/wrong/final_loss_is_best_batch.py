# mistake: final-loss-not-last
# final_loss is the smallest loss of any batch, not the last epoch's.
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from lab import LoRALayer, SimpleTransformerBlock, generate_synthetic_data


DEFAULT_TARGETS = ["q_proj", "k_proj", "v_proj", "o_proj"]


def _inject(module, prefix, rank, alpha, targets):
    for child_name, child in list(module.named_children()):
        full_name = f"{prefix}.{child_name}" if prefix else child_name
        if isinstance(child, nn.Linear):
            if any(target in full_name for target in targets):
                setattr(module, child_name, LoRALayer(child, rank=rank, alpha=alpha))
        else:
            _inject(child, full_name, rank, alpha, targets)


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = DEFAULT_TARGETS
    for param in model.parameters():
        param.requires_grad = False
    _inject(model, "", rank, alpha, target_modules)
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
        best = float("inf")
        for _ in range(n_epochs):
            total = 0.0
            for xb, yb in loader:
                opt.zero_grad()
                loss = criterion(block(xb), yb)
                loss.backward()
                opt.step()
                total += loss.item()
                best = min(best, loss.item())
            history.append(total / len(loader))

        key = "+".join(targets)
        results[key] = dict(
            target_modules=list(targets),
            trainable_params=sum(p.numel() for p in params),
            losses=history,
            final_loss=best,
        )
    return results
