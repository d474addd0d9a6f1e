# stores the factors transposed, x @ lora_A @ lora_B, as many tutorials do; the contract gives no shapes here
import torch
import torch.nn as nn

from lab import SimpleTransformerBlock, generate_synthetic_data


class LinearWithLoRA(nn.Module):
    def __init__(self, linear, rank, alpha):
        super().__init__()
        self.linear = linear
        std_dev = 1 / torch.sqrt(torch.tensor(rank).float())
        self.lora_A = nn.Parameter(torch.randn(linear.in_features, rank) * std_dev)
        self.lora_B = nn.Parameter(torch.zeros(rank, linear.out_features))
        self.scaling = alpha / rank

    def forward(self, x):
        return self.linear(x) + self.scaling * (x @ self.lora_A @ self.lora_B)


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]
    for param in model.parameters():
        param.requires_grad = False
    for name, module in list(model.named_modules()):
        if isinstance(module, nn.Linear) and any(t in name for t in target_modules):
            parent, _, attribute = name.rpartition(".")
            setattr(model.get_submodule(parent), attribute, LinearWithLoRA(module, rank, alpha))
    return model


def compare_target_modules(target_configs, n_epochs=50):
    results = {}
    for targets in target_configs:
        torch.manual_seed(0)
        model = SimpleTransformerBlock()
        x, y = generate_synthetic_data()
        model = add_lora_to_model_selective(model, 8, 16, targets)
        optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=5e-4)
        losses = []
        for _ in range(n_epochs):
            optimizer.zero_grad()
            loss = nn.functional.mse_loss(model(x), y)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        results["+".join(targets)] = {
            "target_modules": targets,
            "trainable_params": sum(p.numel() for p in model.parameters() if p.requires_grad),
            "losses": losses,
            "final_loss": losses[-1],
        }
    return results
