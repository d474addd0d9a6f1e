# mistake: result-not-a-dict
# Prints a table and returns nothing.
import torch
import torch.nn.functional as F
from torch import nn

from lab import SimpleTransformerBlock, generate_synthetic_data


class LoRAfied(nn.Linear):
    # never constructed: add_lora() turns an existing nn.Linear into one of these
    def forward(self, input):
        out = super().forward(input)
        return out + self.lora_scale * (input @ self.lora_A.T) @ self.lora_B.T


def add_lora(linear, rank, alpha):
    linear.lora_A = nn.Parameter(torch.rand(rank, linear.in_features) - 0.5)
    linear.lora_B = nn.Parameter(torch.zeros(linear.out_features, rank))
    linear.lora_scale = alpha / rank
    linear.__class__ = LoRAfied


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    wanted = target_modules if target_modules is not None else ["q_proj", "k_proj", "v_proj", "o_proj"]
    for parameter in model.parameters():
        parameter.requires_grad = False
    for name, module in model.named_modules():
        last = name.split(".")[-1]
        if type(module) is nn.Linear and any(last == w or name.endswith(w) for w in wanted):
            add_lora(module, rank, alpha)
    return model


def compare_target_modules(target_configs, n_epochs=50):
    results = {}
    for targets in target_configs:
        torch.manual_seed(42)
        model = SimpleTransformerBlock()
        x, y = generate_synthetic_data()
        model = add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=targets)

        trainable = [p for p in model.parameters() if p.requires_grad]
        optimizer = torch.optim.AdamW(trainable, lr=1e-3)

        losses = []
        for epoch in range(n_epochs):
            optimizer.zero_grad()
            loss = F.mse_loss(model(x), y)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())

        results["+".join(targets)] = {
            "target_modules": targets,
            "trainable_params": sum(p.numel() for p in trainable),
            "losses": losses,
            "final_loss": losses[-1],
        }
    for key, entry in results.items():
        print(f"{key:30} {entry['trainable_params']:>10} {entry['final_loss']:.4f}")
