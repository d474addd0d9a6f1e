# who: Kofi, MATLAB-trained signal processing engineer, 1-based habits, preallocates arrays; unusual: numpy arrays preallocated for the losses, parent lookup by exec-like eval of the path, float64 inside the adapter's scale
import numpy as np
import torch
from torch import nn

from lab import SimpleTransformerBlock, generate_synthetic_data


class lora_block(nn.Module):
    def __init__(self, lin, rank, alpha):
        super().__init__()
        self.lin = lin
        # dtype and device as the layer
        self.lora_A = nn.Parameter(torch.randn(rank, lin.in_features).mul(0.02).to(lin.weight))
        self.lora_B = nn.Parameter(torch.zeros(lin.out_features, rank).to(lin.weight))
        self.register_buffer("gain", torch.tensor(alpha / rank), persistent=False)

    def forward(self, x):
        return self.lin(x) + (self.gain.to(x.dtype) * (x @ self.lora_A.t())) @ self.lora_B.t()


def strfind(s, pat):
    return [i for i in range(len(s) - len(pat) + 1) if s[i:i + len(pat)] == pat]


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]
    pars = list(model.parameters())
    for k in range(1, len(pars) + 1):
        pars[k - 1].requires_grad = False
    names = [n for n, _ in model.named_modules()]
    for n in names:
        m = model.get_submodule(n)
        if not isinstance(m, nn.Linear):
            continue
        flag = 0
        for k in range(len(target_modules)):
            if strfind(n, target_modules[k]):
                flag = 1
        if flag == 1:
            dots = strfind(n, ".")
            if len(dots) == 0:
                setattr(model, n, lora_block(m, rank, alpha))
            else:
                setattr(model.get_submodule(n[:dots[-1]]), n[dots[-1] + 1:], lora_block(m, rank, alpha))
    return model


def compare_target_modules(target_configs, n_epochs=50):
    results = dict()
    for k in range(len(target_configs)):
        cfg = target_configs[k]
        torch.manual_seed(1)
        X, Y = generate_synthetic_data()
        net = SimpleTransformerBlock()
        net = add_lora_to_model_selective(net, 8, 16, cfg)
        P = [p for p in net.parameters() if p.requires_grad]
        opt = torch.optim.AdamW(P, lr=1e-3)
        J = np.zeros(n_epochs)
        for ep in range(1, n_epochs + 1):
            E = net(X) - Y
            loss = torch.mean(E ** 2)
            opt.zero_grad()
            loss.backward()
            opt.step()
            J[ep - 1] = loss.item()
        results["+".join(cfg)] = {
            "target_modules": cfg,
            "trainable_params": int(np.sum([p.numel() for p in P])),
            "losses": J.tolist(),
            "final_loss": float(J[-1]),
        }
    return results
