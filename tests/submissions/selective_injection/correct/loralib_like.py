# style: loralib-like: subclass of nn.Linear with the same Parameter objects, mark_only_lora_as_trainable, LoRA+ learning rates, cosine schedule
import math

import torch
import torch.nn as nn
import torch.nn.functional as F

from lab import SimpleTransformerBlock, generate_synthetic_data


class LoRALayer:
    def __init__(self, r, lora_alpha):
        self.r = r
        self.lora_alpha = lora_alpha


class Linear(nn.Linear, LoRALayer):
    # LoRA implemented in a dense layer
    def __init__(self, in_features, out_features, r=0, lora_alpha=1, **kwargs):
        nn.Linear.__init__(self, in_features, out_features, **kwargs)
        LoRALayer.__init__(self, r=r, lora_alpha=lora_alpha)
        if r > 0:
            self.lora_A = nn.Parameter(self.weight.new_zeros((r, in_features)))
            self.lora_B = nn.Parameter(self.weight.new_zeros((out_features, r)))
            self.scaling = self.lora_alpha / self.r
            self.weight.requires_grad = False
        self.reset_parameters()

    def reset_parameters(self):
        nn.Linear.reset_parameters(self)
        if hasattr(self, "lora_A"):
            nn.init.kaiming_uniform_(self.lora_A, a=math.sqrt(5))
            nn.init.zeros_(self.lora_B)

    def forward(self, x):
        result = F.linear(x, self.weight, bias=self.bias)
        if self.r > 0:
            result = result + (x @ self.lora_A.transpose(0, 1) @ self.lora_B.transpose(0, 1)) * self.scaling
        return result


def mark_only_lora_as_trainable(model):
    for p in model.parameters():
        p.requires_grad = False
    for m in model.modules():
        if isinstance(m, LoRALayer):
            m.lora_A.requires_grad = True
            m.lora_B.requires_grad = True


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]
    for parent in list(model.modules()):
        for name, old in list(parent.named_children()):
            if isinstance(old, nn.Linear) and not isinstance(old, LoRALayer) and name in target_modules:
                new = Linear(old.in_features, old.out_features, r=rank, lora_alpha=alpha,
                             bias=old.bias is not None, device=old.weight.device, dtype=old.weight.dtype)
                new.weight = old.weight
                new.bias = old.bias
                new.train(old.training)
                setattr(parent, name, new)
    mark_only_lora_as_trainable(model)
    return model


def compare_target_modules(target_configs, n_epochs=50):
    res = {}
    for t in target_configs:
        torch.manual_seed(1234)
        x, y = generate_synthetic_data(96)
        m = add_lora_to_model_selective(SimpleTransformerBlock(), 8, 16, t)
        groups = [
            {"params": [p for n, p in m.named_parameters() if n.endswith("lora_A")], "lr": 1e-3},
            {"params": [p for n, p in m.named_parameters() if n.endswith("lora_B")], "lr": 4e-3},
        ]
        opt = torch.optim.Adam(groups)
        sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, T_max=max(1, n_epochs))
        ls = []
        for ep in range(1, n_epochs + 1):
            opt.zero_grad()
            l = F.mse_loss(m(x), y)
            l.backward()
            opt.step()
            sched.step()
            ls.append(l.item())
        res["+".join(t)] = {"target_modules": t,
                            "trainable_params": sum(p.numel() for g in groups for p in g["params"]),
                            "losses": ls, "final_loss": ls[-1]}
    return res
