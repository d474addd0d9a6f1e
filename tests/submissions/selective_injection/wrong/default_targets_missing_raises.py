# mistake: default-targets-missing
# None is not handled at all: iterating over it raises TypeError.
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
    for parameter in model.parameters():
        parameter.requires_grad = False
    for name, module in model.named_modules():
        last = name.split(".")[-1]
        if type(module) is nn.Linear and any(last == w or name.endswith(w) for w in target_modules):
            add_lora(module, rank, alpha)
    return model


SEED = 1234


def _train_one(targets, n_epochs):
    torch.manual_seed(SEED)
    x, y = generate_synthetic_data(n_samples=128)
    block = SimpleTransformerBlock(d_model=256, n_heads=8)
    block = add_lora_to_model_selective(block, rank=8, alpha=16, target_modules=targets)
    n_trainable = sum(p.numel() for p in block.parameters() if p.requires_grad)
    optimizer = torch.optim.AdamW((p for p in block.parameters() if p.requires_grad), lr=2e-3)

    losses = []
    for _ in range(n_epochs):
        epoch_losses = []
        for xb, yb in zip(x.split(64), y.split(64)):
            loss = F.mse_loss(block(xb), yb)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            epoch_losses.append(loss.item())
        losses.append(sum(epoch_losses) / len(epoch_losses))
    return n_trainable, losses


def compare_target_modules(target_configs: list[list[str]], n_epochs: int = 50) -> dict[str, dict]:
    results = {}
    for targets in target_configs:
        n_trainable, losses = _train_one(targets, n_epochs)
        results["+".join(targets)] = {
            "target_modules": targets,
            "trainable_params": n_trainable,
            "losses": losses,
            "final_loss": losses[-1],
        }
    return results
