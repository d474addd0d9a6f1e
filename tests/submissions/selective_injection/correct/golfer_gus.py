# who: Gus, code golfer and functional programmer, reduce and comprehensions; unusual: everything an expression, dict built by a comprehension over a generator coroutine
from functools import reduce
from operator import attrgetter as ag
import torch
from torch import nn
from lab import LoRALayer as L, SimpleTransformerBlock as S, generate_synthetic_data as G

D = "q_proj", "k_proj", "v_proj", "o_proj"


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    ts = D if target_modules is None else target_modules
    model.requires_grad_(False)
    [
        setattr(reduce(getattr, p, model), k, L(m, rank, alpha))
        for *p, k, m in [(*n.split("."), m) for n, m in model.named_modules() if type(m) == nn.Linear]
        if k in ts
    ]
    return model


def _go(t, n):
    torch.manual_seed(0)
    x, y = G(32)
    b = add_lora_to_model_selective(S(), 8, 16, t)
    ps = [*filter(ag("requires_grad"), b.parameters())]
    o = torch.optim.AdamW(ps, 1e-3)

    def step(_):
        o.zero_grad()
        (l := (b(x) - y).square().mean()).backward()
        o.step()
        return l.item()

    ls = [*map(step, range(n))]
    return {"target_modules": t, "trainable_params": sum(p.numel() for p in ps), "losses": ls, "final_loss": ls[-1]}


compare_target_modules = lambda target_configs, n_epochs=50: {"+".join(t): _go(t, n_epochs) for t in target_configs}
