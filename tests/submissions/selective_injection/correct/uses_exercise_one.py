# takes the layer of the first exercise where it is handed in too, a function that patches forward where not
import types

import torch
from torch import nn

from lab import SimpleTransformerBlock, generate_synthetic_data

try:
    from lora_with_bias import LoRALayerWithBias
except ImportError:
    LoRALayerWithBias = None


def _forward(self, x):
    return nn.Linear.forward(self, x) + self.scaling * (x @ self.lora_A.T @ self.lora_B.T)


def _patched(layer, rank, alpha):
    layer.scaling = alpha / rank
    layer.lora_A = nn.Parameter(torch.randn(rank, layer.in_features) * 0.05)
    layer.lora_B = nn.Parameter(torch.zeros(layer.out_features, rank))
    layer.forward = types.MethodType(_forward, layer)
    return layer


def adapted(layer, rank, alpha):
    if LoRALayerWithBias is None:
        return _patched(layer, rank, alpha)
    return LoRALayerWithBias(layer, rank=rank, alpha=alpha, dropout=0.0, train_bias=False)


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]
    model.requires_grad_(False)
    for name, module in list(model.named_modules()):
        if isinstance(module, nn.Linear) and any(t in name for t in target_modules):
            parent = model.get_submodule(name.rpartition(".")[0])
            setattr(parent, name.rpartition(".")[2], adapted(module, rank, alpha))
    return model


def compare_target_modules(target_configs, n_epochs=50):
    results = {}
    for targets in target_configs:
        torch.manual_seed(4)
        x, y = generate_synthetic_data(64)
        model = SimpleTransformerBlock()
        add_lora_to_model_selective(model, 8, 16, targets)
        params = [p for p in model.parameters() if p.requires_grad]
        optimizer = torch.optim.Adam(params, lr=1e-3, fused=True)
        losses = []
        for _ in range(n_epochs):
            optimizer.zero_grad()
            loss = nn.functional.smooth_l1_loss(model(x), y)
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
