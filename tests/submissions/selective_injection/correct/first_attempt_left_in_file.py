# unusual: an earlier wrong attempt of both functions stands above under the same names; "where a name is defined twice, the last definition counts". Hurried, ugly, right.
import torch
from torch import nn
from lab import *
from lab import LoRALayer

def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    # first try, doesnt work (dict changed size??)
    for n, m in model.named_modules():
        if n in target_modules:
            m = LoRALayer(m)
    return model

def compare_target_modules(target_configs, n_epochs=50):
    pass # TODO

# ---- second try ----
def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    tm = target_modules
    if tm == None: tm = ["q_proj","k_proj","v_proj","o_proj"]
    for p in model.parameters(): p.requires_grad = False
    stuff = []
    for n, m in model.named_modules():
        if type(m) == nn.Linear:
            ok = False
            for t in tm:
                if t in n: ok = True
            if ok: stuff.append((n, m))
    for n, m in stuff:
        if "." in n:
            par = model.get_submodule(n[:n.rindex(".")])
            last = n[n.rindex(".")+1:]
        else:
            par = model
            last = n
        l = LoRALayer(m, rank, alpha)
        setattr(par, last, l)
    return model

def compare_target_modules(target_configs, n_epochs=50):
    d = {}
    for c in target_configs:
        torch.manual_seed(0)
        m = SimpleTransformerBlock()
        x, y = generate_synthetic_data()
        m = add_lora_to_model_selective(m, 8, 16, c)
        o = torch.optim.AdamW(m.parameters(), lr=1e-3)
        ls = []
        for e in range(n_epochs):
            for i in range(4):
                loss = ((m(x[i*32:i*32+32]) - y[i*32:i*32+32])**2).mean()
                o.zero_grad()
                loss.backward()
                o.step()
            ls.append(loss.item()) # last batch
        d["+".join(c)] = {"target_modules": c, "trainable_params": sum(p.numel() for p in m.parameters() if p.requires_grad), "losses": ls, "final_loss": ls[-1]}
    return d
