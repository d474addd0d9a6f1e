# torch.func: gradients by grad_and_value over functional_call, written back to the block after each epoch
import torch
from torch import nn
from torch.func import functional_call, grad_and_value

from lab import SimpleTransformerBlock, generate_synthetic_data


class LoRALinear(nn.Module):
    def __init__(self, linear, rank, alpha):
        super().__init__()
        self.linear = linear
        self.A, self.B = (nn.Module() for _ in range(2))
        self.A.register_parameter("lora_A", nn.Parameter(torch.randn(rank, linear.in_features) * 0.05))
        self.B.register_parameter("lora_B", nn.Parameter(torch.zeros(linear.out_features, rank)))
        self.scaling = alpha / rank

    def forward(self, x):
        return self.linear(x) + self.scaling * (x @ self.A.lora_A.T @ self.B.lora_B.T)


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]
    model.requires_grad_(False)
    for name, module in [*model.named_modules()]:
        if isinstance(module, nn.Linear) and any(map(name.__contains__, target_modules)):
            parent, _, child = name.rpartition(".")
            setattr(model.get_submodule(parent), child, LoRALinear(module, rank, alpha))
    return model


def compare_target_modules(target_configs, n_epochs=50):
    results = {}
    for targets in target_configs:
        torch.manual_seed(77)
        block = SimpleTransformerBlock()
        x, y = generate_synthetic_data(64)
        add_lora_to_model_selective(block, 8, 16, targets)
        frozen = {n: p for n, p in block.named_parameters() if not p.requires_grad}
        adapters = {n: p.detach().clone() for n, p in block.named_parameters() if p.requires_grad}
        speed = {n: torch.zeros_like(p) for n, p in adapters.items()}

        def loss_of(parameters):
            return 100 * nn.functional.mse_loss(functional_call(block, {**frozen, **parameters}, (x,)), y)

        step = grad_and_value(loss_of)
        losses = []
        for _ in range(n_epochs):
            gradients, loss = step(adapters)
            for n in adapters:
                speed[n] = 0.8 * speed[n] + gradients[n]
                adapters[n] = adapters[n] - 5e-3 * speed[n]
            losses.append(loss.item())
            with torch.no_grad():
                for n, p in block.named_parameters():
                    if n in adapters:
                        p.copy_(adapters[n])
        results["+".join(targets)] = {
            "target_modules": targets,
            "trainable_params": sum(v.numel() for v in adapters.values()),
            "losses": losses,
            "final_loss": losses[-1],
        }
    return results
