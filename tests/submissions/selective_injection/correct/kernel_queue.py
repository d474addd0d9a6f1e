# who: C kernel developer, explicit queue, no recursion, checks everything, short names; unusual: breadth-first with a deque, factors handled by own wrapper with plain matmuls
from collections import deque

import numpy as np
import torch
from torch import nn

from lab import SimpleTransformerBlock, generate_synthetic_data

#define SEED 7  :-)
SEED = 7


class lora_wrap(nn.Module):
    def __init__(self, lin, r, a):
        super().__init__()
        assert r > 0
        self.base = lin
        dev, dt = lin.weight.device, lin.weight.dtype
        # uniform in +-1/sqrt(n)
        lim = 1.0 / np.sqrt(lin.in_features)
        self.lora_A = nn.Parameter((torch.rand(r, lin.in_features, device=dev, dtype=dt) * 2 - 1) * float(lim))
        self.lora_B = nn.Parameter(torch.zeros(lin.out_features, r, device=dev, dtype=dt))
        self.r, self.a = r, a

    def forward(self, x):
        y = self.base(x)
        u = torch.matmul(x, self.lora_A.transpose(0, 1))
        u = torch.matmul(u, self.lora_B.transpose(0, 1))
        return y.add(u, alpha=self.a / self.r)


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]

    # pass 1: freeze
    for p in model.parameters():
        if p.requires_grad:
            p.requires_grad = False

    # pass 2: collect (parent, key) pairs, breadth first
    todo = []
    q = deque([("", model)])
    while q:
        path, m = q.popleft()
        for key, sub in m._modules.items():
            if sub is None:
                continue
            full = f"{path}.{key}" if path else key
            if isinstance(sub, nn.Linear):
                for t in target_modules:
                    if full.find(t) != -1:
                        todo.append((m, key))
                        break
            else:
                q.append((full, sub))

    # pass 3: replace
    for m, key in todo:
        m._modules[key] = lora_wrap(m._modules[key], rank, alpha)
    return model


def train(net, x, y, n, bs=64):
    par = [p for p in net.parameters() if p.requires_grad]
    opt = torch.optim.Adam(par, lr=1e-3)
    rng = np.random.RandomState(SEED)      # own generator: batch order
    out = []
    for _ in range(n):
        order = torch.from_numpy(rng.permutation(x.shape[0]))
        s, c = 0.0, 0
        for i in range(0, x.shape[0], bs):
            idx = order[i:i + bs]
            err = net(x[idx]) - y[idx]
            loss = (err * err).mean()
            opt.zero_grad()
            loss.backward()
            opt.step()
            s += loss.item(); c += 1
        out.append(s / c)
    return out, sum(p.numel() for p in par)


def compare_target_modules(target_configs, n_epochs=50):
    ret = {}
    for t in target_configs:
        torch.manual_seed(SEED)
        net = SimpleTransformerBlock()
        x, y = generate_synthetic_data()
        add_lora_to_model_selective(net, 8, 16, t)
        losses, cnt = train(net, x, y, n_epochs)
        ret["+".join(t)] = {"target_modules": t, "trainable_params": cnt, "losses": losses, "final_loss": losses[-1]}
    return ret
