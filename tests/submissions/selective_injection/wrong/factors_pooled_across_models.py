# mistake: unnamed
# Inject block 1, set its B; inject block 2 of the same sizes: block 1's B is zero again, both hold the same Parameters.
import torch
from torch import nn

from lab import SimpleTransformerBlock, generate_synthetic_data


_POOL = {}


def _factors(name, layer, rank):
    """Factors for this layer; those of an earlier experiment are reused, freshly initialised."""
    key = (name, layer.in_features, layer.out_features, rank)
    if key not in _POOL:
        A = nn.Parameter(torch.empty(rank, layer.in_features))
        B = nn.Parameter(torch.empty(layer.out_features, rank))
        _POOL[key] = A, B
    A, B = _POOL[key]
    nn.init.kaiming_uniform_(A, a=5**0.5)
    nn.init.zeros_(B)
    A.grad = B.grad = None
    return A, B


class LoRALinear(nn.Module):
    def __init__(self, base, factors, scaling):
        super().__init__()
        self.base = base
        self.lora_A, self.lora_B = factors
        self.scaling = scaling

    def forward(self, x):
        return self.base(x) + self.scaling * (x @ self.lora_A.T @ self.lora_B.T)


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]
    model.requires_grad_(False)
    for name, module in list(model.named_modules()):
        if isinstance(module, nn.Linear) and any(t in name for t in target_modules):
            parent, _, child = name.rpartition(".")
            layer = LoRALinear(module, _factors(name, module, rank), alpha / rank)
            setattr(model.get_submodule(parent), child, layer)
    return model


def compare_target_modules(target_configs, n_epochs=50):
    results = {}
    for targets in target_configs:
        torch.manual_seed(0)
        x, y = generate_synthetic_data()
        block = SimpleTransformerBlock()
        block = add_lora_to_model_selective(block, rank=8, alpha=16, target_modules=targets)
        params = [p for p in block.parameters() if p.requires_grad]
        optimizer = torch.optim.AdamW(params, lr=1e-3)
        losses = []
        for _ in range(n_epochs):
            optimizer.zero_grad()
            loss = nn.functional.mse_loss(block(x), y)
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
