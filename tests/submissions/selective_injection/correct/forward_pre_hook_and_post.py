# forward pre hook and post
import torch
from torch import nn
import torch.nn.functional as F
from lab import SimpleTransformerBlock, generate_synthetic_data


class LoraHook(nn.Module):
    def __init__(self, linear, rank, alpha):
        super().__init__()
        self.lora_A = nn.Parameter(0.03 * torch.randn(rank, linear.in_features))
        self.lora_B = nn.Parameter(torch.zeros(linear.out_features, rank))
        self.alpha, self.rank = alpha, rank

    def __call__(self, module, args, result):
        (x,) = args
        return result + (x @ self.lora_A.mT) @ self.lora_B.mT * (self.alpha / self.rank)


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    match target_modules:
        case None:
            target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]
        case []:
            model.requires_grad_(False)
            return model
    for name, module in list(model.named_modules()):
        module.requires_grad_(False) if name == "" else None
        if type(module) is nn.Linear and any(t in name for t in target_modules):
            hook = LoraHook(module, rank, alpha)
            module.register_module("hook", hook)
            module.register_forward_hook(hook)
    return model


def compare_target_modules(target_configs, n_epochs=50):
    keys = ["+".join(t) for t in target_configs]
    results = dict.fromkeys(keys)
    for key, targets in reversed(list(zip(keys, target_configs))):
        torch.manual_seed(0)
        model = SimpleTransformerBlock()
        x, y = generate_synthetic_data(64)
        add_lora_to_model_selective(model, target_modules=targets)
        params = {n: p for n, p in model.named_parameters() if p.requires_grad}
        opt = torch.optim.Adam(params.values(), lr=1e-3)
        losses = []
        for _ in range(n_epochs):
            def closure():
                opt.zero_grad()
                loss = F.mse_loss(model(x), y)
                loss.backward()
                return loss
            losses.append(opt.step(closure).item())
        results[key] = {"target_modules": targets, "trainable_params": sum(p.numel() for p in params.values()),
                        "losses": losses, "final_loss": losses[-1]}
    return results
