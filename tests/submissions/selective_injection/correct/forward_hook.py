# a forward hook adds the update, the factors are parameters of the nn.Linear itself; hand-written SGD
import torch
from torch import nn

from lab import SimpleTransformerBlock, generate_synthetic_data

ATTENTION = ["q_proj", "k_proj", "v_proj", "o_proj"]


def lora_hook(linear, args, output):
    return output + linear.scaling * (args[0] @ linear.lora_A.T @ linear.lora_B.T)


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    for p in model.parameters():
        p.requires_grad_(False)
    if target_modules is None:
        target_modules = ATTENTION
    for name, module in model.named_modules():
        if not isinstance(module, nn.Linear):
            continue
        if not [t for t in target_modules if t in name]:
            continue
        module.register_parameter("lora_A", nn.Parameter(torch.empty(rank, module.in_features)))
        module.register_parameter("lora_B", nn.Parameter(torch.zeros(module.out_features, rank)))
        nn.init.xavier_uniform_(module.lora_A)
        module.scaling = alpha / rank
        module.register_forward_hook(lora_hook)
    return model


def compare_target_modules(target_configs, n_epochs=50):
    results = {}
    for targets in target_configs:
        torch.random.manual_seed(123)
        x, y = generate_synthetic_data(64)
        block = SimpleTransformerBlock()
        add_lora_to_model_selective(block, target_modules=targets)
        params = [p for n, p in block.named_parameters() if "lora_" in n]
        velocity = [torch.zeros_like(p) for p in params]
        losses = []
        for epoch in range(n_epochs):
            # sum over the features, mean over the tokens
            loss = (block(x) - y).square().sum(-1).mean()
            grads = torch.autograd.grad(loss, params)
            with torch.no_grad():
                for p, v, g in zip(params, velocity, grads):
                    v.mul_(0.9).add_(g)
                    p.sub_(v, alpha=1e-3)
            losses.append(loss.item())
        results["+".join(targets)] = {
            "target_modules": targets,
            "trainable_params": sum(p.nelement() for p in params),
            "losses": losses,
            "final_loss": losses[-1],
        }
    return results
