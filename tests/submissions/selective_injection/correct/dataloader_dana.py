# who: Dana, Kaggle veteran with a notebook habit, tqdm leftovers; unusual: DataLoader(shuffle=True) right after the seed, cosine schedule, %-formats
# %% imports
import os, random
import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import Dataset, DataLoader
try:
    from tqdm.auto import tqdm
except ImportError:
    tqdm = lambda it, **kw: it

import lab
from lab import LoRALayer, SimpleTransformerBlock, generate_synthetic_data

# %% config
class CFG:
    seed = 42
    lr = 1e-3
    bs = 32
    r = 8
    alpha = 16
    debug = False

def seed_everything(seed=CFG.seed):
    random.seed(seed)
    os.environ["PYTHONHASHSEED"] = str(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)

# %% lora
def get_parent(model, name):
    mods = name.split(".")
    for m in mods[:-1]:
        model = model._modules[m]
    return model, mods[-1]

def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]
    for p in model.parameters():
        p.requires_grad = False
    names = [n for n, m in model.named_modules()
             if isinstance(m, nn.Linear) and any(t in n for t in target_modules)]
    for n in names:
        parent, attr = get_parent(model, n)
        parent._modules[attr] = LoRALayer(parent._modules[attr], rank=rank, alpha=alpha)
    if CFG.debug:
        print("lora on %d layers" % len(names))
    return model

# %% data
class SynthDS(Dataset):
    def __init__(self, x, y):
        self.x, self.y = x, y
    def __len__(self):
        return len(self.x)
    def __getitem__(self, i):
        return self.x[i], self.y[i]

# %% train
def train_fn(model, dl, opt, crit):
    model.train()
    meter = []
    for xb, yb in tqdm(dl, leave=False):
        opt.zero_grad()
        loss = crit(model(xb), yb)
        loss.backward()
        opt.step()
        meter.append(loss.item())
    return float(np.mean(meter))

def compare_target_modules(target_configs, n_epochs=50):
    results = {}
    for tm in target_configs:
        seed_everything()
        model = SimpleTransformerBlock()
        x, y = generate_synthetic_data()
        dl = DataLoader(SynthDS(x, y), batch_size=CFG.bs, shuffle=True, num_workers=0, drop_last=True)
        model = add_lora_to_model_selective(model, CFG.r, CFG.alpha, tm)
        opt = torch.optim.AdamW(filter(lambda p: p.requires_grad, model.parameters()), lr=CFG.lr, weight_decay=1e-2)
        sch = torch.optim.lr_scheduler.CosineAnnealingLR(opt, T_max=max(n_epochs, 1))
        losses = []
        for ep in range(n_epochs):
            losses.append(train_fn(model, dl, opt, nn.MSELoss()))
            sch.step()
        results["+".join(tm)] = {
            "target_modules": tm,
            "trainable_params": sum(p.numel() for p in model.parameters() if p.requires_grad),
            "losses": losses,
            "final_loss": losses[-1],
        }
    return results

# %% main
if __name__ == "__main__":
    for k, v in compare_target_modules([["q_proj", "v_proj"], ["down_proj"]], 10).items():
        print("%-25s %6d %.4f" % (k, v["trainable_params"], v["final_loss"]))
