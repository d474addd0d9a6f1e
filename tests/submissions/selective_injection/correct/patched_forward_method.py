# unusual: only the instance's `forward` is replaced (types.MethodType), factors live in a ParameterDict: `q_proj.lora.lora_A`. "anywhere below the layer's dotted name", any technique is all right.
import types
import torch
from torch import nn
from lab import *

def _lora_forward(self, x):
    old = type(self).forward(self, x)
    return old + self.lora_scale * torch.matmul(torch.matmul(x, self.lora["lora_A"].mT), self.lora["lora_B"].mT)

def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None: target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]
    victims = []
    for n, m in model.named_modules():
        for t in target_modules:
            if t in n and isinstance(m, nn.Linear) and m not in victims:
                victims += [m]
    for p in model.parameters(): p.requires_grad = False
    for m in victims:
        A = torch.rand(rank, m.in_features).sub(0.5).mul(0.2).to(m.weight)
        B = torch.zeros(m.out_features, rank).to(m.weight)
        m.lora = nn.ParameterDict({"lora_A": nn.Parameter(A), "lora_B": nn.Parameter(B)})
        m.lora_scale = alpha / rank
        m.forward = types.MethodType(_lora_forward, m)
    return model

def compare_target_modules(target_configs, n_epochs=50):
    res = {}
    for cfg in target_configs:
        torch.manual_seed(42)
        x, y = generate_synthetic_data()      # data first, block second: the order does not matter
        b = SimpleTransformerBlock()
        b = add_lora_to_model_selective(b, target_modules=cfg)
        opt = torch.optim.AdamW(b.parameters(), lr=1e-3)   # frozen ones have no grad, so they are skipped
        crit = nn.SmoothL1Loss()
        L = []
        for ep in range(n_epochs):
            s = []
            for i in torch.randperm(128).view(4, 32):
                l = crit(b(x[i]), y[i])
                l.backward()
                opt.step()
                opt.zero_grad()
                s.append(l.item())
            L.append(sum(s) / len(s))
        res["+".join(cfg)] = {"target_modules": cfg, "losses": L, "final_loss": L[-1],
            "trainable_params": sum([p.numel() for p in b.parameters() if p.requires_grad])}
    return res
