# unusual: minLoRA port: torch.nn.utils.parametrize, the Linear object stays, factors under parametrizations.weight.0
import math
from functools import partial

import torch
import torch.nn.utils.parametrize as parametrize
from torch import nn

from lab import SimpleTransformerBlock, generate_synthetic_data


class LoRAParametrization(nn.Module):
    def __init__(self, fan_in, fan_out, rank=4, lora_alpha=1, like=None):
        super().__init__()
        self.lora_A = nn.Parameter(torch.zeros((rank, fan_in), device=like.device, dtype=like.dtype))
        self.lora_B = nn.Parameter(torch.zeros((fan_out, rank), device=like.device, dtype=like.dtype))
        nn.init.kaiming_uniform_(self.lora_A, a=math.sqrt(5))
        self.scaling = lora_alpha / rank
        self.forward_fn = self.lora_forward

    def lora_forward(self, X):
        return X + torch.matmul(self.lora_B, self.lora_A).view(X.shape) * self.scaling

    def forward(self, X):
        return self.forward_fn(X)

    def disable_lora(self):
        self.forward_fn = lambda x: x

    def enable_lora(self):
        self.forward_fn = self.lora_forward

    @classmethod
    def from_linear(cls, layer, rank=4, lora_alpha=1):
        fan_out, fan_in = layer.weight.shape
        return cls(fan_in, fan_out, rank=rank, lora_alpha=lora_alpha, like=layer.weight)


def apply_lora(layer, make):
    parametrize.register_parametrization(layer, "weight", make(layer), unsafe=False)


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"] if target_modules is None else target_modules
    make = partial(LoRAParametrization.from_linear, rank=rank, lora_alpha=alpha)
    hits = [m for n, m in model.named_modules() if isinstance(m, nn.Linear) and n.split(".")[-1] in target_modules]
    for layer in hits:
        apply_lora(layer, make)
    for name, p in model.named_parameters():
        p.requires_grad_(False)
    for layer in hits:
        for p in layer.parametrizations.weight[0].parameters():
            p.requires_grad_(True)
    return model


def get_lora_params(model):
    return (p for p in model.parameters() if p.requires_grad)


def compare_target_modules(target_configs, n_epochs=50):
    results = {}
    for targets in target_configs:
        torch.manual_seed(31337)
        model = SimpleTransformerBlock()
        X, Y = generate_synthetic_data(48)
        add_lora_to_model_selective(model, target_modules=targets)
        params = [{"params": list(get_lora_params(model))}]
        opt = torch.optim.NAdam(params, lr=1e-3)
        losses = []
        for _ in range(n_epochs):
            with parametrize.cached():
                loss = nn.functional.mse_loss(model(X), Y)
            opt.zero_grad()
            loss.backward()
            opt.step()
            losses.append(float(loss))
        results["+".join(targets)] = {
            "target_modules": targets,
            "trainable_params": sum(p.nelement() for p in get_lora_params(model)),
            "losses": losses,
            "final_loss": losses[-1],
        }
    return results
