# style: gradient accumulation over micro-batches, sum reduction, losses in the hundreds; freezing by detach-and-reregister of flags
import torch
from torch import nn
from torch.nn.functional import mse_loss

from lab import LoRALayer as Adapter
from lab import SimpleTransformerBlock as Block
from lab import generate_synthetic_data as make_data

MICRO = 16


def is_target(dotted, targets):
    return dotted.split(".")[-1] in targets


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    targets = dict.fromkeys(["q_proj", "k_proj", "v_proj", "o_proj"] if target_modules is None else target_modules)
    for module in model.modules():
        for name, param in module.named_parameters(recurse=False):
            param.requires_grad_(False)
    swap = {}
    for dotted, module in model.named_modules():
        if is_target(dotted, targets) and isinstance(module, nn.Linear):
            swap[dotted] = Adapter(module, rank, alpha, 0.0)
    for dotted, adapter in swap.items():
        parent = model
        *parents, leaf = dotted.split(".")
        for p in parents:
            parent = parent._modules[p]
        parent.__setattr__(leaf, adapter)
    return model


def compare_target_modules(target_configs, n_epochs=50):
    results = {}
    for targets in target_configs:
        torch.manual_seed(77)
        x, y = make_data(64)
        net = Block()
        add_lora_to_model_selective(net, 8, 16, targets)
        opt = torch.optim.Adam([q for q in net.parameters() if q.requires_grad], lr=1e-3)
        losses = []
        for _ in range(n_epochs):
            opt.zero_grad()
            epoch_loss = 0.0
            for i in range(0, x.size(0), MICRO):
                part = mse_loss(net(x[i:i + MICRO]), y[i:i + MICRO], reduction="sum")
                part.backward()
                epoch_loss += part.item()
            opt.step()
            losses.append(epoch_loss)
        results["+".join(targets)] = {
            "target_modules": targets,
            "trainable_params": sum(q.numel() for q in net.parameters() if q.requires_grad),
            "losses": losses,
            "final_loss": losses[-1],
        }
    return results
