# who: physics student, Fortran mind, letters only, arrays in columns, sum of squares loss; unusual: prehook/hook pair free, wrapper in column convention, closure-style LBFGS optimizer
import torch
from torch import nn
from lab import SimpleTransformerBlock, generate_synthetic_data


class H(nn.Module):
    # H = H0 + g * B A   (perturbation theory!)
    def __init__(self, H0, r, al):
        nn.Module.__init__(self)
        self.H0 = H0
        self.g = al / r
        w = H0.weight
        self.lora_A = nn.Parameter(torch.empty_like(w[:1]).repeat(r, 1).uniform_(-0.05, 0.05))
        self.lora_B = nn.Parameter(torch.zeros_like(w[:, :1]).repeat(1, r))

    def forward(self, x):
        y0 = self.H0(x)
        y1 = (self.lora_B @ (self.lora_A @ x.unsqueeze(-1))).squeeze(-1)
        return y0 + self.g * y1


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    t = target_modules
    if t is None: t = ["q_proj", "k_proj", "v_proj", "o_proj"]
    for p in model.parameters(): p.requires_grad = False
    l = []
    for n, m in model.named_modules():
        if not isinstance(m, nn.Linear): continue
        for s in t:
            if n == s or n.endswith("." + s):
                l.append(n)
                break
    for n in l:
        i = n.rfind(".")
        u = model if i < 0 else model.get_submodule(n[:i])
        setattr(u, n[i + 1:], H(getattr(u, n[i + 1:]), rank, alpha))
    return model


def compare_target_modules(target_configs, n_epochs=50):
    r = {}
    for t in target_configs:
        torch.manual_seed(1)
        x, y = generate_synthetic_data(32, 16, 256)
        b = SimpleTransformerBlock()
        add_lora_to_model_selective(b, 8, 16, t)
        p = [q for q in b.parameters() if q.requires_grad]
        o = torch.optim.LBFGS(p, lr=0.5, max_iter=2, history_size=5)
        def f():
            o.zero_grad()
            s = ((b(x) - y) ** 2).sum() / 2 / 32
            s.backward()
            return s
        e = []
        for k in range(n_epochs):
            e.append(o.step(f).item())   # value before the step
        r["+".join(t)] = {"target_modules": t, "trainable_params": sum(q.numel() for q in p), "losses": e, "final_loss": e[-1]}
    return r
