# unusual: the factors are called `q_proj.task1_lora_A` / `q_proj.task1_lora_B`: the contract asks only that names END in lora_A, lora_B. The wrapper holds a copy of the layer.
import copy
import numpy as np
import torch
from torch import nn
from lab import SimpleTransformerBlock, generate_synthetic_data

TASK = "task1"


class MultiTaskLoRA(nn.Module):
    """Room for several adapters on the same layer, one per task; for now there is one."""

    def __init__(self, linear, rank, alpha, tasks=(TASK,)):
        super().__init__()
        self.pretrained = copy.deepcopy(linear)
        for p in self.pretrained.parameters():
            p.requires_grad = False
        self.task = tasks[0]
        self.factor = alpha / rank
        rng = np.random.default_rng(rank * 7919 + linear.in_features)
        for t in tasks:
            a = rng.normal(0.0, 0.05, (rank, linear.in_features))
            self.register_parameter(t + "_lora_A", nn.Parameter(torch.as_tensor(a, dtype=linear.weight.dtype, device=linear.weight.device)))
            b = np.zeros((linear.out_features, rank))
            self.register_parameter(t + "_lora_B", nn.Parameter(torch.as_tensor(b, dtype=linear.weight.dtype, device=linear.weight.device)))

    def forward(self, x):
        A = getattr(self, self.task + "_lora_A")
        B = getattr(self, self.task + "_lora_B")
        low = torch.einsum("...i,ri->...r", x, A)
        return self.pretrained(x) + torch.einsum("...r,or->...o", low, B) * self.factor


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]
    for p in model.parameters():
        p.requires_grad = False
    for name, module in dict(model.named_modules()).items():
        if not isinstance(module, nn.Linear):
            continue
        if set(name.split(".")[-1:]) & set(target_modules):
            model.set_submodule(name, MultiTaskLoRA(module, rank, alpha))
    return model


def compare_target_modules(target_configs, n_epochs=50):
    report = {}
    for target in target_configs:
        torch.manual_seed(11)
        x, y = generate_synthetic_data(96, 16, 256)
        torch.manual_seed(12)
        model = SimpleTransformerBlock(d_model=256, n_heads=8)
        model = add_lora_to_model_selective(model, 8, 16, target)
        opt = torch.optim.RAdam([p for p in model.parameters() if p.requires_grad], lr=1e-2)
        curve = np.zeros(n_epochs)
        for epoch in range(n_epochs):
            opt.zero_grad()
            loss = torch.sqrt(((model(x) - y) ** 2).mean())     # RMSE
            loss.backward()
            opt.step()
            curve[epoch] = loss.item()
        report["+".join(target)] = {
            "target_modules": list(target),
            "trainable_params": int(np.sum([p.numel() for p in model.parameters() if p.requires_grad])),
            "losses": curve.tolist(),
            "final_loss": float(curve[-1]),
        }
    return report
