# mistake: none | contract: fulfilled
# style: whatever is frozen is turned from a parameter into a buffer, in the whole model, so that parameters() are the factors and nothing else
import torch
from torch import nn

from lab import LoRALayer, SimpleTransformerBlock, generate_synthetic_data

ATTENTION = ["q_proj", "k_proj", "v_proj", "o_proj"]


def freeze_into_buffers(model):
    model.requires_grad_(False)
    for module in model.modules():
        if isinstance(module, (nn.RNNBase, nn.ParameterList, nn.ParameterDict)):
            continue  # these keep books about their parameters
        for name, p in list(module._parameters.items()):
            if p is not None:
                del module._parameters[name]
                module.register_buffer(name, p.data)


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    patterns = ATTENTION if target_modules is None else target_modules
    found = [n for n, m in model.named_modules() if isinstance(m, nn.Linear) and n.split(".")[-1] in patterns]
    for name in found:
        parent, _, child = name.rpartition(".")
        owner = model.get_submodule(parent)
        setattr(owner, child, LoRALayer(getattr(owner, child), rank, alpha))
    factors = {n: p for n, p in model.named_parameters() if any(n == f"{f}.lora_{c}" for f in found for c in "AB")}
    kept = {}
    for n in factors:
        owner = model.get_submodule(n.rpartition(".")[0])
        kept[n] = (owner, n.rpartition(".")[2], owner._parameters.pop(n.rpartition(".")[2]))
    freeze_into_buffers(model)
    for owner, n, p in kept.values():
        owner._parameters[n] = p
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
