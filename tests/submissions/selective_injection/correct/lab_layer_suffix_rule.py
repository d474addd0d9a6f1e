# the lab's LoRALayer, PEFT's suffix rule; SGD with momentum on batches shuffled by the global generator
import torch
from torch import nn

import lab

DEFAULT = ("q_proj", "k_proj", "v_proj", "o_proj")


def matches(name, targets):
    return any(name == t or name.endswith("." + t) for t in targets)


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    targets = DEFAULT if target_modules is None else target_modules
    model.requires_grad_(False)
    found = [(n, m) for n, m in model.named_modules() if isinstance(m, nn.Linear) and matches(n, targets)]
    for name, linear in found:
        parent, _, child = name.rpartition(".")
        setattr(model.get_submodule(parent), child, lab.LoRALayer(linear, rank=rank, alpha=alpha, dropout=0.0))
    return model


def run(targets, n_epochs, batch_size=32):
    torch.manual_seed(7)
    block = lab.SimpleTransformerBlock(256, 8)
    inputs, wanted = lab.generate_synthetic_data(96)
    add_lora_to_model_selective(block, 8, 16, targets)
    params = [p for p in block.parameters() if p.requires_grad]
    sgd = torch.optim.SGD(params, lr=0.5, momentum=0.9)
    losses = []
    for _ in range(n_epochs):
        total = 0.0
        for rows in torch.randperm(len(inputs)).split(batch_size):
            loss = nn.functional.mse_loss(block(inputs[rows]), wanted[rows])
            sgd.zero_grad(set_to_none=True)
            loss.backward()
            sgd.step()
            total += loss.item() * len(rows)
        losses.append(total / len(inputs))
    return {
        "target_modules": list(targets),
        "trainable_params": sum(map(torch.numel, params)),
        "losses": losses,
        "final_loss": losses[-1],
    }


def compare_target_modules(target_configs, n_epochs=50):
    return {"+".join(targets): run(targets, n_epochs) for targets in target_configs}
