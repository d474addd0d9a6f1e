# style: layer.__class__ is changed in place; functional training with torch.func, the block's own parameters never move
import torch
from torch import nn
from torch.func import functional_call, grad_and_value

from lab import SimpleTransformerBlock, generate_synthetic_data


class LinearWithLoRA(nn.Linear):
    """Never constructed: an nn.Linear becomes one."""

    def forward(self, x):
        update = torch.einsum("...i,ri,or->...o", x, self.lora_A, self.lora_B)
        return super().forward(x) + update * self.lora_scaling

    def extra_repr(self):
        return super().extra_repr() + f", rank={self.lora_A.shape[0]}"


def convert(layer, rank, alpha):
    layer.__class__ = LinearWithLoRA
    layer.lora_scaling = alpha / rank
    layer.lora_A = nn.Parameter(torch.empty(rank, layer.in_features).uniform_(-1, 1) / layer.in_features**0.5)
    layer.lora_B = nn.Parameter(torch.zeros(layer.out_features, rank))


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]
    model.requires_grad_(False)
    for name, module in model.named_modules():
        if type(module) is nn.Linear and any(t in name for t in target_modules):
            convert(module, rank, alpha)
    return model


def compare_target_modules(target_configs, n_epochs=50):
    results = {}
    for targets in target_configs:
        torch.manual_seed(7)
        block = SimpleTransformerBlock()
        x, y = generate_synthetic_data(64)
        add_lora_to_model_selective(block, 8, 16, targets)

        trained = {k: p.detach().clone() for k, p in block.named_parameters() if p.requires_grad}
        frozen = {k: p.detach() for k, p in block.named_parameters() if not p.requires_grad}

        def loss_fn(params):
            return (functional_call(block, {**frozen, **params}, (x,)) - y).square().mean()

        step = grad_and_value(loss_fn)
        m = {k: torch.zeros_like(p) for k, p in trained.items()}
        losses = []
        for _ in range(n_epochs):
            grads, loss = step(trained)
            m = {k: 0.9 * m[k] + grads[k] for k in m}
            trained = {k: trained[k] - 0.3 * m[k] for k in trained}
            losses.append(loss.item())
        results["+".join(targets)] = {
            "target_modules": targets,
            "trainable_params": sum(p.numel() for p in trained.values()),
            "losses": losses,
            "final_loss": losses[-1],
        }
    return results
