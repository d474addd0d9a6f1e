# mistake: none | contract: fulfilled
# style: the factors are float64 master weights over a float32 layer; a subclass of nn.ParameterDict is the wrapper and its entries are the factors
import torch
from torch import nn

from lab import SimpleTransformerBlock, generate_synthetic_data

ATTENTION = ["q_proj", "k_proj", "v_proj", "o_proj"]


class Adapter(nn.ParameterDict):
    def __init__(self, base, rank, alpha):
        super().__init__(
            {
                "lora_A": nn.Parameter(torch.randn(rank, base.in_features, dtype=torch.float64) / base.in_features**0.5),
                "lora_B": nn.Parameter(torch.zeros(base.out_features, rank, dtype=torch.float64)),
            }
        )
        self.add_module("base", base)
        self.scaling = alpha / rank

    def __call__(self, x):
        update = x.to(torch.float64) @ self["lora_A"].T @ self["lora_B"].T * self.scaling
        y = self.base(x)
        return y + update.to(y.dtype)


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = ATTENTION
    model.requires_grad_(False)
    for name, module in list(model.named_modules()):
        if isinstance(module, nn.Linear) and any(target in name for target in target_modules):
            parent, _, child = name.rpartition(".")
            setattr(model.get_submodule(parent), child, Adapter(module, rank, alpha))
    return model


def compare_target_modules(target_configs, n_epochs=50):
    results = {}
    for targets in target_configs:
        torch.manual_seed(0)
        block = SimpleTransformerBlock()
        x, y = generate_synthetic_data(64)
        add_lora_to_model_selective(block, rank=8, alpha=16, target_modules=targets)
        params = [p for p in block.parameters() if p.requires_grad]
        optimizer = torch.optim.AdamW(params, lr=2e-3)
        losses = []
        for epoch in range(n_epochs):
            loss = nn.functional.mse_loss(block(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        results["+".join(targets)] = {
            "target_modules": targets,
            "trainable_params": sum(p.numel() for p in params),
            "losses": losses,
            "final_loss": losses[-1],
        }
    return results
