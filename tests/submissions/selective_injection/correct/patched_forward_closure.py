# each layer's forward is replaced by a closure; an unguarded quick demo; averages that weigh batches equally
import torch
import torch.nn as nn
import torch.nn.functional as F

from lab import SimpleTransformerBlock, add_lora_to_model, generate_synthetic_data


def with_lora(linear, rank, alpha):
    linear.lora_A = nn.Linear(linear.in_features, rank, bias=False)
    linear.lora_B = nn.Linear(rank, linear.out_features, bias=False)
    with torch.no_grad():
        linear.lora_B.weight.zero_()
    original_forward = linear.forward

    def forward(x):
        return original_forward(x) + linear.lora_B(linear.lora_A(x)) * (alpha / rank)

    linear.forward = forward


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]
    model.requires_grad_(False)
    for name, module in list(model.named_modules()):
        last = name.split(".")[-1]
        if isinstance(module, nn.Linear) and last in target_modules:
            with_lora(module, rank, alpha)
    return model


def compare_target_modules(target_configs, n_epochs=50):
    results = {}
    for targets in target_configs:
        torch.manual_seed(42)
        model = SimpleTransformerBlock()
        torch.manual_seed(42)
        x, y = generate_synthetic_data(100)
        torch.manual_seed(42)
        add_lora_to_model_selective(model, 8, 16, targets)
        torch.manual_seed(42)
        optimizer = torch.optim.Adamax([p for p in model.parameters() if p.requires_grad], lr=2e-3)
        losses = []
        for epoch in range(n_epochs):
            perm = torch.randperm(100)
            batch_losses = []
            for i in range(0, 100, 24):
                b = perm[i:i + 24]
                optimizer.zero_grad()
                loss = F.mse_loss(model(x[b]), y[b])
                loss.backward()
                optimizer.step()
                batch_losses.append(loss.detach())
            losses.append(torch.stack(batch_losses).mean().item())
        results["+".join(targets)] = {
            "target_modules": targets,
            "trainable_params": sum(p.numel() for p in model.parameters() if p.requires_grad),
            "losses": losses,
            "final_loss": losses[-1],
        }
    return results


def n_trainable(model):
    return sum(p.numel() for p in model.parameters() if p.requires_grad)


print("lab:", n_trainable(add_lora_to_model(SimpleTransformerBlock())),
      "mine:", n_trainable(add_lora_to_model_selective(SimpleTransformerBlock())))
for key, entry in compare_target_modules([["q_proj"], ["q_proj", "v_proj"]], n_epochs=2).items():
    print(key, entry["trainable_params"], entry["final_loss"])
