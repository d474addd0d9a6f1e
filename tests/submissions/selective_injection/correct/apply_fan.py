# who: fast.ai alumna, loves model.apply and fastcore-like brevity; unusual: Module.apply on parents, OneCycle schedule
from lab import *
import torch, torch.nn as nn, torch.nn.functional as F
from functools import partial

def _wrap_kids(parent, rank, alpha, names):
    if isinstance(parent, LoRALayer): return
    for n, c in parent._modules.items():
        if isinstance(c, nn.Linear) and n in names: parent._modules[n] = LoRALayer(c, rank, alpha)

def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    "LoRA on `target_modules` of `model`, all the rest frozen"
    if target_modules is None: target_modules = 'q_proj,k_proj,v_proj,o_proj'.split(',')
    names = {t.split('.')[-1] for t in target_modules}
    model.requires_grad_(False)
    return model.apply(partial(_wrap_kids, rank=rank, alpha=alpha, names=names))

def n_trainable(m): return sum(p.numel() for p in m.parameters() if p.requires_grad)

def fit_one_cycle(m, x, y, epochs, lr_max=3e-3):
    ps = [p for p in m.parameters() if p.requires_grad]
    opt = torch.optim.AdamW(ps, lr=lr_max)
    sched = torch.optim.lr_scheduler.OneCycleLR(opt, max_lr=lr_max, total_steps=epochs + 1)
    for _ in range(epochs):
        loss = F.mse_loss(m(x), y)
        loss.backward()
        opt.step(); opt.zero_grad(); sched.step()
        yield loss.item()

def compare_target_modules(target_configs, n_epochs=50):
    res = {}
    for tgt in target_configs:
        torch.manual_seed(42)
        m, (x, y) = SimpleTransformerBlock(), generate_synthetic_data()
        add_lora_to_model_selective(m, target_modules=tgt)
        losses = list(fit_one_cycle(m, x, y, n_epochs))
        res['+'.join(tgt)] = dict(target_modules=tgt, trainable_params=n_trainable(m), losses=losses, final_loss=losses[-1])
    return res
