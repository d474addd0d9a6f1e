# unusual: the layer is not replaced at all, its weight gets a torch parametrization W + s B A; the contract allows "a parametrization". Template block deep-copied, Adam, full batch.
import copy
import math

import torch
import torch.nn.utils.parametrize as P
from torch import nn

from lab import SimpleTransformerBlock, generate_synthetic_data


class LowRank(nn.Module):
    def __init__(self, W, r, alpha):
        super().__init__()
        self.s = alpha / r
        self.lora_A = nn.Parameter(torch.randn(r, W.shape[1], dtype=W.dtype, device=W.device) / math.sqrt(W.shape[1]))
        self.lora_B = nn.Parameter(torch.zeros(W.shape[0], r, dtype=W.dtype, device=W.device))

    def forward(self, W):
        return W + self.s * (self.lora_B @ self.lora_A)


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]
    for p in model.parameters():
        p.requires_grad_(False)
    todo = [m for n, m in model.named_modules()
            if isinstance(m, nn.Linear) and n.split(".")[-1] in target_modules]
    for m in todo:
        P.register_parametrization(m, "weight", LowRank(m.weight, rank, alpha))
        # the original is still frozen, but let us be sure
        m.parametrizations.weight.original.requires_grad_(False)
    return model


def compare_target_modules(target_configs, n_epochs=50):
    torch.manual_seed(1234)
    template = SimpleTransformerBlock()
    x, y = generate_synthetic_data()
    out = {}
    for targets in target_configs:
        torch.manual_seed(1234)
        net = add_lora_to_model_selective(copy.deepcopy(template), 8, 16, targets)
        ps = [p for p in net.parameters() if p.requires_grad]
        opt = torch.optim.Adam(ps, lr=2e-3)
        hist = []
        for _ in range(n_epochs):
            opt.zero_grad()
            with P.cached():
                loss = nn.functional.mse_loss(net(x), y)
                loss.backward()
            opt.step()
            hist.append(loss.item())
        out["+".join(targets)] = dict(
            target_modules=targets, trainable_params=sum(map(torch.Tensor.numel, ps)), losses=hist, final_loss=hist[-1]
        )
    return out
