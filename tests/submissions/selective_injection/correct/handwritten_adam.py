# Adam by hand with a warm-up; a custom autograd.Function as update; factors by NumPy under the configuration's seed
import numpy as np
import torch
from torch import nn

from lab import SimpleTransformerBlock, generate_synthetic_data


class LoRAFunction(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, a, b, scale):
        h = x @ a.T
        ctx.save_for_backward(x, a, b, h)
        ctx.scale = scale
        return scale * (h @ b.T)

    @staticmethod
    def backward(ctx, g):
        x, a, b, h = ctx.saved_tensors
        gh = ctx.scale * (g @ b)
        gx = gh @ a
        ga = gh.reshape(-1, gh.shape[-1]).T @ x.reshape(-1, x.shape[-1])
        gb = ctx.scale * g.reshape(-1, g.shape[-1]).T @ h.reshape(-1, h.shape[-1])
        return gx, ga, gb, None


class Wrapper(nn.Module):
    def __init__(self, layer, rank, alpha):
        super().__init__()
        self.add_module("pretrained", layer)
        a = np.random.uniform(-1, 1, (rank, layer.in_features)) / np.sqrt(layer.in_features)
        self.lora_A = nn.Parameter(torch.tensor(a, dtype=layer.weight.dtype))
        self.lora_B = nn.Parameter(torch.zeros(layer.out_features, rank, dtype=layer.weight.dtype))
        self.scale = alpha / rank

    def forward(self, x):
        return self.pretrained(x) + LoRAFunction.apply(x, self.lora_A, self.lora_B, self.scale)


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"] if target_modules is None else target_modules
    model.requires_grad_(False)
    names = [name for name, module in model.named_modules() if isinstance(module, nn.Linear)]
    for name in names:
        if any(t in name for t in target_modules):
            parent, _, child = name.rpartition(".")
            owner = model.get_submodule(parent) if parent else model
            setattr(owner, child, Wrapper(getattr(owner, child), rank, alpha))
    return model


def adam(params, grads, state, lr, beta1=0.9, beta2=0.999, eps=1e-8):
    state["t"] += 1
    with torch.no_grad():
        for i, (p, g) in enumerate(zip(params, grads)):
            m = state["m"][i] = beta1 * state["m"][i] + (1 - beta1) * g
            v = state["v"][i] = beta2 * state["v"][i] + (1 - beta2) * g * g
            m_hat = m / (1 - beta1 ** state["t"])
            v_hat = v / (1 - beta2 ** state["t"])
            p -= lr * m_hat / (v_hat.sqrt() + eps)


def compare_target_modules(target_configs, n_epochs=50):
    results = {}
    for targets in target_configs:
        torch.manual_seed(0)
        np.random.seed(0)
        block = SimpleTransformerBlock()
        x, y = generate_synthetic_data(64)
        add_lora_to_model_selective(block, 8, 16, targets)
        params = [p for p in block.parameters() if p.requires_grad]
        state = {"t": 0, "m": [0.0] * len(params), "v": [0.0] * len(params)}
        losses = []
        for epoch in range(n_epochs):
            loss = ((block(x) - y) ** 2).mean()
            grads = torch.autograd.grad(loss, params)
            adam(params, grads, state, lr=1e-3 * min(1.0, (epoch + 1) / 5))
            losses.append(float(loss.detach()))
        results["+".join(targets)] = {
            "target_modules": targets,
            "trainable_params": sum(p.numel() for p in params),
            "losses": losses,
            "final_loss": losses[-1],
        }
    return results
