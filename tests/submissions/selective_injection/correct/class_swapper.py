# who: Python hacker from the Django world who loves metaprogramming; unusual: changes __class__ of the Linear in place, no wrapper, names stay
import math
from contextlib import contextmanager

import torch
from torch import nn
from torch.nn import functional as F

import lab


class _LoraMixin:
    """Given to an existing nn.Linear through `__class__`; `_lora_scale` sits on the instance."""

    def forward(self, x):
        out = F.linear(x, self.weight, self.bias)
        return out + F.linear(F.linear(x, self.lora_A), self.lora_B) * self._lora_scale

    def extra_repr(self):
        return super().extra_repr() + f", lora_rank={self.lora_A.shape[0]}"


class LoraLinear(_LoraMixin, nn.Linear):
    pass


def _become_lora(layer: nn.Linear, r: int, alpha: float) -> None:
    kw = {"device": layer.weight.device, "dtype": layer.weight.dtype}
    layer.__class__ = LoraLinear
    layer.lora_A = nn.Parameter(torch.randn(r, layer.in_features, **kw) / math.sqrt(r))
    layer.lora_B = nn.Parameter(torch.zeros(layer.out_features, r, **kw))
    layer._lora_scale = alpha / r


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    wanted = ["q_proj", "k_proj", "v_proj", "o_proj"] if target_modules is None else list(target_modules)
    for p in model.parameters():
        p.requires_grad_(False)
    for dotted, mod in model.named_modules():  # objects stay in place, no list() needed
        if type(mod) is nn.Linear and any(w in dotted for w in wanted):
            _become_lora(mod, rank, alpha)
    return model


@contextmanager
def same_luck(seed=99):
    """Random state inside is always the same; outside nothing happened."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


def _run_one(targets, n_epochs):
    with same_luck():
        x, y = lab.generate_synthetic_data()
    with same_luck():
        net = lab.SimpleTransformerBlock()
    with same_luck():
        add_lora_to_model_selective(net, 8, 16, targets)
    train_me = {n: p for n, p in net.named_parameters() if p.requires_grad}
    opt = torch.optim.AdamW(train_me.values(), lr=1e-3, weight_decay=0.0)
    history = []
    for _ in range(n_epochs):
        total = 0.0
        for xb, yb in zip(x.split(32), y.split(32)):
            opt.zero_grad()
            loss = F.mse_loss(net(xb), yb)
            loss.backward()
            opt.step()
            total += loss.item() * len(xb)
        history.append(total / len(x))
    return {
        "target_modules": targets,
        "trainable_params": sum(map(torch.numel, train_me.values())),
        "losses": history,
        "final_loss": history[-1],
    }


def compare_target_modules(target_configs, n_epochs=50):
    return {"+".join(t): _run_one(t, n_epochs) for t in target_configs}
