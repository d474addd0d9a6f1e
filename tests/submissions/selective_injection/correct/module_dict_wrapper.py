# style: the wrapper is an nn.ModuleDict with the keys base, lora_A, lora_B; validation split; shuffled DataLoader after the seed, as the stub says
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from lab import *


class LoRADict(nn.ModuleDict):
    def __init__(self, base, rank, alpha):
        super().__init__({
            "base": base,
            "lora_A": nn.Linear(base.in_features, rank, bias=False),
            "lora_B": nn.Linear(rank, base.out_features, bias=False),
        })
        self.ratio = alpha / rank
        self["lora_B"].weight.data.zero_()

    def forward(self, x):
        return self["base"](x) + self.ratio * self["lora_B"](self["lora_A"](x))


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]
    names = [n for n, m in model.named_modules() if isinstance(m, nn.Linear) and n.split(".").pop() in target_modules]
    for p in model.parameters():
        p.requires_grad = False
    for n in names:
        parent = model.get_submodule(n.rpartition(".")[0])
        leaf = n.rpartition(".")[2]
        parent.add_module(leaf, LoRADict(getattr(parent, leaf), rank, alpha))
    return model


def compare_target_modules(target_configs, n_epochs=50):
    results = {}
    for config in target_configs:
        torch.manual_seed(42)
        model = SimpleTransformerBlock()
        x, y = generate_synthetic_data()
        train, held_out = TensorDataset(x[:96], y[:96]), (x[96:], y[96:])
        model = add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=config)
        loader = DataLoader(train, batch_size=32, shuffle=True)
        optimizer = torch.optim.AdamW((p for p in model.parameters() if p.requires_grad), lr=1e-3)
        criterion = nn.MSELoss()
        losses, val = [], []
        for epoch in range(n_epochs):
            model.train()
            epoch_loss = 0.0
            for xb, yb in loader:
                optimizer.zero_grad()
                loss = criterion(model(xb), yb)
                loss.backward()
                optimizer.step()
                epoch_loss += loss.item()
            losses.append(epoch_loss / len(loader))
            model.eval()
            with torch.no_grad():
                val.append(criterion(model(held_out[0]), held_out[1]).item())
        results["+".join(config)] = {
            "target_modules": config,
            "trainable_params": sum(p.numel() for p in model.parameters() if p.requires_grad),
            "losses": losses,
            "final_loss": losses[-1],
            "validation_losses": val,
        }
    return results
