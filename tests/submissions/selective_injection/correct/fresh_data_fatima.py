# who: Fatima, online-learning researcher, never uses a sample twice; unusual: new data every epoch from per-epoch seeds, the block seeded apart
import torch
import torch.nn.functional as F
from torch import nn, optim

from lab import LoRALayer, SimpleTransformerBlock, generate_synthetic_data

BLOCK_SEED, STREAM_SEED, ADAPTER_SEED = 11, 10_000, 12


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    """See the exercise. Substring matching."""
    if target_modules is None:
        target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]
    picked = {
        name: module
        for name, module in model.named_modules()
        if isinstance(module, nn.Linear) and any(t in name for t in target_modules)
    }
    adapters = {name: LoRALayer(module, rank, alpha) for name, module in picked.items()}
    for name, adapter in adapters.items():
        parent, dot, leaf = name.rpartition(".")
        setattr(model.get_submodule(parent), leaf, adapter)
    # last: decide for every parameter whether it may move
    ours = {id(p) for a in adapters.values() for p in (a.lora_A, a.lora_B)}
    for p in model.parameters():
        p.requires_grad_(id(p) in ours)
    return model


def stream(epoch):
    torch.manual_seed(STREAM_SEED + epoch)
    return generate_synthetic_data(n_samples=64)


def compare_target_modules(target_configs, n_epochs=50):
    out = {}
    for targets in target_configs:
        torch.manual_seed(BLOCK_SEED)
        block = SimpleTransformerBlock()
        torch.manual_seed(ADAPTER_SEED)
        add_lora_to_model_selective(block, target_modules=targets, rank=8, alpha=16)
        trainable = [p for p in block.parameters() if p.requires_grad]
        opt = optim.AdamW(trainable, lr=1e-3)
        losses = []
        for epoch in range(n_epochs):
            x, y = stream(epoch)
            loss = F.mse_loss(block(x), y)
            opt.zero_grad()
            loss.backward()
            opt.step()
            losses.append(loss.item())
        out["+".join(targets)] = {
            "target_modules": targets,
            "trainable_params": sum(p.numel() for p in trainable),
            "losses": losses,
            "final_loss": losses[-1],
        }
    return out
