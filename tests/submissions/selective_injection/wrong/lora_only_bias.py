# mistake: unnamed
# A model with q_proj = nn.Linear(4, 4) and ["q_proj"]: the wrapped layer's bias has requires_grad.
import torch
from torch import nn

from lab import LoRALayer, SimpleTransformerBlock, generate_synthetic_data


def mark_only_lora_as_trainable(model: nn.Module, bias: str = "lora_only") -> None:
    # from loralib/utils.py
    for n, p in model.named_parameters():
        if "lora_" not in n:
            p.requires_grad = False
    if bias == "none":
        return
    elif bias == "all":
        for n, p in model.named_parameters():
            if "bias" in n:
                p.requires_grad = True
    elif bias == "lora_only":
        for m in model.modules():
            if isinstance(m, LoRALayer) and m.original_layer.bias is not None:
                m.original_layer.bias.requires_grad = True
    else:
        raise NotImplementedError


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]
    for name, module in list(model.named_modules()):
        if isinstance(module, nn.Linear) and any(t in name for t in target_modules):
            parent_name, _, child = name.rpartition(".")
            setattr(model.get_submodule(parent_name), child, LoRALayer(module, rank, alpha))
    mark_only_lora_as_trainable(model)
    return model


def compare_target_modules(target_configs, n_epochs=50):
    results = {}
    for t in target_configs:
        torch.manual_seed(0)
        model = SimpleTransformerBlock()
        x, y = generate_synthetic_data()
        add_lora_to_model_selective(model, 8, 16, t)
        ps = [p for p in model.parameters() if p.requires_grad]
        opt = torch.optim.AdamW(ps, lr=1e-3)
        hist = []
        for _ in range(n_epochs):
            opt.zero_grad()
            l = nn.functional.mse_loss(model(x), y)
            l.backward()
            opt.step()
            hist.append(l.item())
        results["+".join(t)] = {"target_modules": t, "trainable_params": sum(p.numel() for p in ps), "losses": hist, "final_loss": hist[-1]}
    return results
