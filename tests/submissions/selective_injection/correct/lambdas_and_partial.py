# unusual: both public names are a lambda and a functools.partial, golfed; nn.Sequential holds the factors: `q_proj.1.lora_A.weight`. Defined and callable as the contract says.
from functools import partial, reduce
from collections import OrderedDict
import torch
from torch import nn, optim
from lab import SimpleTransformerBlock as Block, generate_synthetic_data as data

class Times(nn.Module):
    def __init__(s, c): super().__init__(); s.c = c
    def forward(s, x): return s.c * x

class Sum(nn.ModuleList):
    def forward(s, x): return reduce(torch.add, (m(x) for m in s))

def lora(l, r, a):
    k = {"bias": False, "device": l.weight.device, "dtype": l.weight.dtype}
    s = nn.Sequential(OrderedDict(lora_A=nn.Linear(l.in_features, r, **k), lora_B=nn.Linear(r, l.out_features, **k), times=Times(a / r)))
    nn.init.zeros_(s.lora_B.weight)
    return Sum([l, s])

put = lambda m, n, new: setattr(reduce(getattr, n.split(".")[:-1], m), n.split(".")[-1], new)
names = lambda m, T: [n for n, l in m.named_modules() if isinstance(l, nn.Linear) and any(t in n for t in T)]
add_lora_to_model_selective = lambda model, rank=8, alpha=16, target_modules=None: (
    model.requires_grad_(False),
    [put(model, n, lora(model.get_submodule(n), rank, alpha))
     for n in names(model, ["q_proj", "k_proj", "v_proj", "o_proj"] if target_modules is None else target_modules)],
)[0]

def _step(m, o, x, y):
    o.zero_grad(); l = (m(x) - y).pow(2).mean(); l.backward(); o.step(); return l.item()

def _run(T, n, seed):
    torch.manual_seed(seed); m = Block(); x, y = data(); add_lora_to_model_selective(m, 8, 16, T)
    P = [p for p in m.parameters() if p.requires_grad]; o = optim.Adam(P, 1e-3)
    L = [max(_step(m, o, *b) for b in zip(x.chunk(2), y.chunk(2))) for _ in range(n)]
    return {"target_modules": T, "trainable_params": sum(p.numel() for p in P), "losses": L, "final_loss": L[-1]}

def _compare(target_configs, n_epochs=50, *, seed): return {"+".join(T): _run(T, n_epochs, seed) for T in target_configs}
compare_target_modules = partial(_compare, seed=5)
