# mistake: initial-weights-differ
# The seed is set after the block is built: data and A are the same each time, the block's weights are not.
import numpy as np
import torch
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
    batch_size = 32
    out = dict()
    for cfg in target_configs:
        model = SimpleTransformerBlock()
        torch.manual_seed(2024)
        X, Y = generate_synthetic_data(128)
        model = add_lora_to_model_selective(model, target_modules=cfg)
        lora_params = list(filter(lambda p: p.requires_grad, model.parameters()))
        optim = torch.optim.AdamW(lora_params, lr=1e-3)

        losses = []
        for ep in range(n_epochs):
            perm = torch.randperm(len(X))
            batch_losses = []
            for start in range(0, len(X), batch_size):
                idx = perm[start : start + batch_size]
                loss = ((model(X[idx]) - Y[idx]) ** 2).mean()
                optim.zero_grad()
                loss.backward()
                optim.step()
                batch_losses.append(loss.item())
            losses.append(float(np.mean(batch_losses)))

        entry = {}
        entry["target_modules"] = cfg
        entry["trainable_params"] = int(sum(p.numel() for p in lora_params))
        entry["losses"] = losses
        entry["final_loss"] = losses[-1]
        out["+".join(cfg)] = entry
    return out
