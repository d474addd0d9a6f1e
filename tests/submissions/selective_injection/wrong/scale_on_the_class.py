# mistake: unnamed
# Inject model 1 with alpha=16, then model 2 with alpha=4: model 1 now scales by model 2's alpha / rank.
import torch
from torch import nn

from lab import SimpleTransformerBlock, generate_synthetic_data


class LoRALinear(nn.Linear):
    """A Linear that became a LoRA layer: same object, new class."""

    scaling = 1.0

    def forward(self, x):
        y = nn.functional.linear(x, self.weight, self.bias)
        return y + self.scaling * nn.functional.linear(nn.functional.linear(x, self.lora_A), self.lora_B)


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]
    model.requires_grad_(False)
    LoRALinear.scaling = alpha / rank
    for name, module in list(model.named_modules()):
        if isinstance(module, nn.Linear) and name.split(".")[-1] in target_modules:
            module.__class__ = LoRALinear
            module.lora_A = nn.Parameter(torch.randn(rank, module.in_features) / rank)
            module.lora_B = nn.Parameter(torch.zeros(module.out_features, rank))
    return model


def compare_target_modules(target_configs, n_epochs=50):
    results = {}
    for targets in target_configs:
        torch.manual_seed(0)
        x, y = generate_synthetic_data()
        block = SimpleTransformerBlock()
        block = add_lora_to_model_selective(block, rank=8, alpha=16, target_modules=targets)
        params = [p for p in block.parameters() if p.requires_grad]
        optimizer = torch.optim.AdamW(params, lr=1e-3)
        losses = []
        for _ in range(n_epochs):
            optimizer.zero_grad()
            loss = nn.functional.mse_loss(block(x), y)
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
