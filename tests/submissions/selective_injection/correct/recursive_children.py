# recursion over named_children with the dotted prefix; DataLoader (num_workers=0) with its own generator
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from lab import LoRALayer, SimpleTransformerBlock, generate_synthetic_data


def _inject(module, prefix, targets, rank, alpha):
    for name, child in module.named_children():
        path = f"{prefix}.{name}" if prefix else name
        if isinstance(child, nn.Linear):
            if any(t in path for t in targets):
                setattr(module, name, LoRALayer(child, rank, alpha))
        else:
            _inject(child, path, targets, rank, alpha)


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    targets = ["q_proj", "k_proj", "v_proj", "o_proj"] if target_modules is None else target_modules
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    _inject(model, "", targets, rank, alpha)
    return model


def _train(targets, n_epochs, seed=2024):
    torch.manual_seed(seed)
    block = SimpleTransformerBlock()
    data = TensorDataset(*generate_synthetic_data(n_samples=64))
    loader = DataLoader(data, batch_size=16, shuffle=True, num_workers=0,
                        generator=torch.Generator().manual_seed(seed))
    add_lora_to_model_selective(block, rank=8, alpha=16, target_modules=targets)
    trainable = [p for p in block.parameters() if p.requires_grad]
    optimizer = torch.optim.Adam(trainable, lr=5e-4)
    criterion = nn.MSELoss()
    losses = []
    for _ in range(n_epochs):
        batch_losses = []
        for xb, yb in loader:
            optimizer.zero_grad()
            loss = criterion(block(xb), yb)
            loss.backward()
            optimizer.step()
            batch_losses.append(loss.item())
        losses.append(sum(batch_losses) / len(batch_losses))
    return trainable, losses


def compare_target_modules(target_configs, n_epochs=50):
    results = {}
    for targets in target_configs:
        trainable, losses = _train(targets, n_epochs)
        results["+".join(targets)] = {
            "target_modules": targets,
            "trainable_params": sum(p.numel() for p in trainable),
            "losses": losses,
            "final_loss": losses[-1],
        }
    return results
