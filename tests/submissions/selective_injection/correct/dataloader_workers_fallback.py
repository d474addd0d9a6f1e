# tries DataLoader workers and falls back to none where new processes are blocked; optional tqdm and pandas
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

from lab import LoRALayer, SimpleTransformerBlock, generate_synthetic_data

try:
    import pandas as pd
    from tqdm.auto import tqdm
except ImportError:
    pd = None
    tqdm = iter

import matplotlib.pyplot as plt


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]
    for p in model.parameters():
        p.requires_grad_(False)
    linears = [(n, m) for n, m in model.named_modules() if isinstance(m, nn.Linear)]
    for name, linear in linears:
        if any(t in name for t in target_modules):
            parent_name, _, last = name.rpartition(".")
            setattr(model.get_submodule(parent_name), last, LoRALayer(linear, rank, alpha))
            print(f"LoRA added to {name}")
    return model


def _batches(dataset, seed):
    generator = torch.Generator().manual_seed(seed)
    try:
        return list(DataLoader(dataset, batch_size=32, shuffle=True, num_workers=2, generator=generator))
    except OSError:
        generator = torch.Generator().manual_seed(seed)
        return list(DataLoader(dataset, batch_size=32, shuffle=True, num_workers=0, generator=generator))


def compare_target_modules(target_configs, n_epochs=50):
    results = {}
    for targets in target_configs:
        torch.manual_seed(0)
        model = SimpleTransformerBlock()
        batches = _batches(TensorDataset(*generate_synthetic_data(96)), seed=0)
        torch.manual_seed(1)
        model = add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=targets)
        params = [p for p in model.parameters() if p.requires_grad]
        optimizer = torch.optim.Adam(params, lr=1e-3)
        losses = []
        for epoch in tqdm(range(n_epochs)):
            total, count = 0.0, 0
            for x, y in batches:
                optimizer.zero_grad()
                loss = nn.functional.mse_loss(model(x), y)
                loss.backward()
                optimizer.step()
                total, count = total + loss.item(), count + 1
            losses.append(total / count)
            if epoch % 10 == 0:
                print(f"{'+'.join(targets):<30} epoch {epoch:3d} loss {losses[-1]:.5f}")
        results["+".join(targets)] = {
            "target_modules": targets,
            "trainable_params": sum(p.numel() for p in params),
            "losses": losses,
            "final_loss": losses[-1],
        }
    return results


def plot(results):
    for key, entry in results.items():
        plt.plot(entry["losses"], label=f"{key} ({entry['trainable_params']})")
    plt.legend()
    plt.savefig("comparison.png")


if __name__ == "__main__":
    plot(compare_target_modules([["q_proj"], ["q_proj", "v_proj"]], n_epochs=5))
