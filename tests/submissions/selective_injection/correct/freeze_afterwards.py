# wraps first and sets all flags at the end by name; the losses are those of an evaluation after each epoch
import torch
import torch.nn as nn

from lab import SimpleTransformerBlock, generate_synthetic_data


class Lora(nn.Module):
    def __init__(self, inner, r, a):
        super().__init__()
        self.inner = inner
        self.lora_A = nn.Linear(inner.in_features, r, bias=False)
        self.lora_B = nn.Linear(r, inner.out_features, bias=False)
        self.lora_B.weight.data.fill_(0)
        self.factor = a / r

    def forward(self, x):
        return self.inner(x) + self.lora_B(self.lora_A(x)) * self.factor


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]
    replacements = []
    for parent in model.modules():
        for child_name, child in parent.named_children():
            if isinstance(child, nn.Linear) and any(target == child_name for target in target_modules):
                replacements.append((parent, child_name, child))
    for parent, child_name, child in replacements:
        setattr(parent, child_name, Lora(child, rank, alpha))
    for name, param in model.named_parameters():
        param.requires_grad = "lora_A" in name or "lora_B" in name
    return model


def compare_target_modules(target_configs, n_epochs=50):
    results = {}
    for targets in target_configs:
        torch.manual_seed(31415)
        model = SimpleTransformerBlock()
        x, y = generate_synthetic_data(64)
        model = add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=targets)
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
        losses = []
        for epoch in range(n_epochs):
            model.train()
            for start in range(0, 64, 8):
                optimizer.zero_grad()
                ((model(x[start:start + 8]) - y[start:start + 8]) ** 2).mean().backward()
                optimizer.step()
            model.eval()
            with torch.no_grad():
                losses.append(((model(x) - y) ** 2).mean().item())
        results["+".join(targets)] = {
            "target_modules": targets,
            "trainable_params": sum(p.numel() for p in model.parameters() if p.requires_grad),
            "losses": losses,
            "final_loss": losses[-1],
        }
    return results
