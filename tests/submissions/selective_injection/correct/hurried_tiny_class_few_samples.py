# unusual: hurried: own ten-line class, `not in (None,)`, variable names like l2; only 20 samples of 8 tokens; Adagrad; loss printed each time. All of that is free.
import torch, math
import torch.nn as nn
from lab import *

class L(nn.Module):
    def __init__(s, l, r, a):
        super().__init__()
        s.l = l
        s.a = a
        s.r = r
        s.lora_A = nn.Parameter(torch.randn(r, l.in_features).to(l.weight)/16)
        s.lora_B = nn.Parameter(torch.zeros(l.out_features, r).to(l.weight))
    def forward(s, x):
        return s.l(x) + x@s.lora_A.T@s.lora_B.T*s.a/s.r

def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules not in (None,): tt = target_modules
    else: tt = ["q_proj", "k_proj", "v_proj", "o_proj"]
    model.requires_grad_(False)
    for n, m in list(model.named_modules()):
        if isinstance(m, nn.Linear):
            for t in tt:
                if t in n:
                    p = model.get_submodule(".".join(n.split(".")[:-1]))
                    setattr(p, n.split(".")[-1], L(m, rank, alpha))
                    break
    return model

def compare_target_modules(target_configs, n_epochs=50):
    out = {}
    for l2 in target_configs:
        torch.manual_seed(1); m = SimpleTransformerBlock()
        torch.manual_seed(1); x, y = generate_synthetic_data(20, 8)
        torch.manual_seed(1); add_lora_to_model_selective(m, target_modules=l2)
        pp = [p for p in m.parameters() if p.requires_grad]
        o = torch.optim.Adagrad(pp, lr=3e-3)
        h = []
        for i in range(n_epochs):
            z = m(x); q = (z-y).norm(); o.zero_grad(); q.backward(); o.step()
            h += [q.item()]
            print(i, q.item())
        out["+".join(l2)] = {"target_modules": l2, "trainable_params": len(nn.utils.parameters_to_vector(pp)), "losses": h, "final_loss": h[-1]}
    return out
