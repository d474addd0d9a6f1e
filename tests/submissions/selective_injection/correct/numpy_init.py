# style: numpy person: A drawn with numpy, all three generators seeded, batch order by np.random.permutation, losses by tolist
import random

import numpy as np
import torch
from torch import nn

from lab import SimpleTransformerBlock, generate_synthetic_data


def set_seed(seed):
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


class NpLoRA(nn.Module):
    def __init__(self, lin, r, alpha):
        super().__init__()
        self.lin = lin
        A = np.random.standard_normal((r, lin.in_features)).astype(np.float32) / np.sqrt(lin.in_features)
        B = np.zeros((lin.out_features, r), dtype=np.float32)
        self.lora_A = nn.Parameter(torch.from_numpy(A.astype(np.float32)))
        self.lora_B = nn.Parameter(torch.from_numpy(B))
        self.scale = np.float64(alpha) / r

    def forward(self, x):
        return self.lin(x) + float(self.scale) * torch.tensordot(torch.tensordot(x, self.lora_A, ([-1], [1])), self.lora_B, ([-1], [1]))


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    targets = target_modules
    if targets is None:
        targets = ["q_proj", "k_proj", "v_proj", "o_proj"]
    for p in model.parameters():
        p.requires_grad = False
    names = np.array([n for n, m in model.named_modules() if isinstance(m, nn.Linear)], dtype=object)
    hit = [any(str(n).endswith(t) for t in targets) for n in names]
    for n in names[np.array(hit, dtype=bool)]:
        parent, _, leaf = n.rpartition(".")
        parent = model.get_submodule(parent)
        setattr(parent, leaf, NpLoRA(getattr(parent, leaf), rank, alpha))
    return model


def compare_target_modules(target_configs, n_epochs=50):
    results = {}
    for targets in target_configs:
        set_seed(2025)
        model = SimpleTransformerBlock()
        X, Y = generate_synthetic_data()
        orders = [np.random.permutation(len(X)) for _ in range(n_epochs)]
        add_lora_to_model_selective(model, 8, 16, targets)
        opt = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-3)
        curve = np.zeros(n_epochs)
        for e, order in enumerate(orders):
            parts = np.array_split(order, 4)
            for idx in parts:
                opt.zero_grad()
                loss = ((model(X[idx]) - Y[idx]) ** 2).mean()
                loss.backward()
                opt.step()
                curve[e] += loss.item() / len(parts)
        losses = curve.tolist()
        n = np.sum([np.prod(p.shape) for p in model.parameters() if p.requires_grad])
        results["+".join(targets)] = {"target_modules": targets, "trainable_params": int(n),
                                      "losses": losses, "final_loss": losses[-1]}
    return results
