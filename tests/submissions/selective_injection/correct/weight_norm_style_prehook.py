# style: like the old weight_norm: a forward pre-hook recomputes layer.weight as a plain tensor from base_weight and the factors
import torch
from torch import nn

from lab import SimpleTransformerBlock, generate_synthetic_data


class LoRAReparam:
    def __init__(self, scale):
        self.scale = scale

    def compute(self, module):
        return module.base_weight + self.scale * module.lora_B.matmul(module.lora_A)

    def __call__(self, module, inputs):
        module.weight = self.compute(module)

    @staticmethod
    def apply(module, rank, alpha):
        W = module.weight
        del module._parameters["weight"]
        module.register_parameter("base_weight", nn.Parameter(W.data, requires_grad=False))
        A = torch.empty_like(W[:1].expand(rank, -1))
        nn.init.normal_(A, std=0.05)
        module.register_parameter("lora_A", nn.Parameter(A.contiguous()))
        module.register_parameter("lora_B", nn.Parameter(torch.zeros_like(W[:, :1]).repeat(1, rank)))
        module.weight = W.data
        module.register_forward_pre_hook(LoRAReparam(alpha / rank))


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]
    for p in model.parameters():
        p.requires_grad_(False)
    for name, m in list(model.named_modules()):
        if isinstance(m, nn.Linear) and name.split(".")[-1] in target_modules:
            LoRAReparam.apply(m, rank, alpha)
    return model


def compare_target_modules(target_configs, n_epochs=50):
    results = {}
    for targets in target_configs:
        torch.manual_seed(0)
        model = SimpleTransformerBlock()
        x, y = generate_synthetic_data(32)
        add_lora_to_model_selective(model, 8, 16, targets)
        opt = torch.optim.AdamW(filter(lambda p: p.requires_grad, model.parameters()), lr=1e-3)
        losses = []
        for epoch in range(n_epochs):
            loss = nn.functional.mse_loss(model(x), y)
            opt.zero_grad(); loss.backward(); opt.step()
            losses.append(loss.item())
        results["+".join(targets)] = {
            "target_modules": targets,
            "trainable_params": sum(p.numel() for p in model.parameters() if p.requires_grad),
            "losses": losses,
            "final_loss": losses[-1],
        }
    return results
