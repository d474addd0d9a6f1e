# unusual: functorch fan: the update is a vmap over the rank-one terms; functional optimisation writes back each step
import torch
from torch import nn, vmap
from torch.func import functional_call, grad_and_value

from lab import SimpleTransformerBlock, generate_synthetic_data


class RankOneSum(nn.Module):
    def __init__(self, linear, r, a):
        super().__init__()
        self.f = linear
        self.register_parameter("lora_A", nn.Parameter(torch.randn(r, linear.in_features).mul_(linear.in_features ** -0.5).to(linear.weight)))
        self.register_parameter("lora_B", nn.Parameter(torch.zeros(linear.out_features, r).to(linear.weight)))
        self.c = a / r

    def forward(self, x):
        term = lambda a, b: (x * a).sum(-1, keepdim=True) * b
        return self.f(x) + self.c * vmap(term, in_dims=(0, 1))(self.lora_A, self.lora_B).sum(0)


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    target_modules = target_modules if target_modules is not None else [f"{c}_proj" for c in "qkvo"]
    named = dict(model.named_modules())
    victims = [n for n, m in named.items() if isinstance(m, nn.Linear) and any(n.endswith(t) for t in target_modules)]
    model.requires_grad_(False)
    for v in victims:
        p, _, c = v.rpartition(".")
        setattr(named[p], c, RankOneSum(named[v], rank, alpha))
    return model


def compare_target_modules(target_configs, n_epochs=50):
    out = {}
    for t in target_configs:
        torch.manual_seed(0)
        net = SimpleTransformerBlock()
        x, y = generate_synthetic_data(16, 8)
        add_lora_to_model_selective(net, 8, 16, t)
        p = {k: v for k, v in net.named_parameters() if v.requires_grad}
        f = grad_and_value(lambda q: (functional_call(net, q, (x,)) - y).pow(2).mean())
        s = {k: torch.zeros_like(v) for k, v in p.items()}
        ls = []
        for _ in range(n_epochs):
            g, l = f({k: v.detach() for k, v in p.items()})
            with torch.no_grad():
                for k in p:  # signed momentum
                    s[k] = 0.8 * s[k] + 0.2 * g[k]
                    p[k] -= 5e-4 * s[k].sign()
            ls.append(l.item())
        out["+".join(t)] = {"target_modules": t, "trainable_params": sum(v.numel() for v in p.values()), "losses": ls, "final_loss": ls[-1]}
    return out
