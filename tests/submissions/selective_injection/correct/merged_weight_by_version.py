# the merged weight is kept until a factor's version changes, and thrown away while gradients are needed
import torch
from torch import nn

from lab import SimpleTransformerBlock, generate_synthetic_data


class Merged(nn.Module):
    def __init__(self, linear, rank, alpha):
        super().__init__()
        self.weight, self.bias = linear.weight, linear.bias
        self.lora_A = nn.Parameter(torch.randn(rank, linear.in_features) * 0.1)
        self.lora_B = nn.Parameter(torch.zeros(linear.out_features, rank))
        self.scaling = alpha / rank
        self.kept = None

    def merged(self):
        if torch.is_grad_enabled():
            self.kept = None
            return self.weight + self.scaling * self.lora_B @ self.lora_A
        version = (self.lora_A._version, self.lora_B._version, self.weight._version, self.weight.dtype)
        if self.kept is None or self.kept[0] != version:
            self.kept = version, self.weight + self.scaling * self.lora_B @ self.lora_A
        return self.kept[1]

    def forward(self, x):
        return nn.functional.linear(x, self.merged(), self.bias)


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = ("q_proj", "k_proj", "v_proj", "o_proj")
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    for parent in list(model.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, nn.Linear) and name in target_modules:
                setattr(parent, name, Merged(child, rank, alpha))
    return model


def compare_target_modules(target_configs, n_epochs=50):
    results = {}
    for targets in target_configs:
        torch.manual_seed(7)
        x, y = generate_synthetic_data(n_samples=64)
        model = add_lora_to_model_selective(SimpleTransformerBlock(), 8, 16, targets)
        adapters = [p for p in model.parameters() if p.requires_grad]
        optimizer = torch.optim.Adam(adapters, lr=1e-3)
        losses = []
        for _ in range(n_epochs):
            optimizer.zero_grad()
            loss = nn.functional.mse_loss(model(x), y)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        results["+".join(targets)] = {
            "target_modules": targets,
            "trainable_params": sum(p.numel() for p in adapters),
            "losses": losses,
            "final_loss": losses[-1],
        }
    return results
