# mistake: unnamed
# Any model: the factors are called q_proj.lora_A.default.weight.
import torch
from torch import nn

from lab import SimpleTransformerBlock, generate_synthetic_data


class LoraLinear(nn.Module):
    def __init__(self, base_layer, rank, alpha, adapter="default"):
        super().__init__()
        self.base_layer = base_layer
        self.active = adapter
        self.lora_A = nn.ModuleDict({adapter: nn.Linear(base_layer.in_features, rank, bias=False)})
        self.lora_B = nn.ModuleDict({adapter: nn.Linear(rank, base_layer.out_features, bias=False)})
        nn.init.zeros_(self.lora_B[adapter].weight)
        self.scaling = {adapter: alpha / rank}

    def forward(self, x):
        a = self.active
        return self.base_layer(x) + self.scaling[a] * self.lora_B[a](self.lora_A[a](x))


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]
    model.requires_grad_(False)
    for name, module in list(model.named_modules()):
        if isinstance(module, nn.Linear) and any(name == t or name.endswith("." + t) for t in target_modules):
            parent, _, child = name.rpartition(".")
            setattr(model.get_submodule(parent), child, LoraLinear(module, rank, alpha))
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
