# unusual: a metaclass registers matchers, a descriptor holds the scaling, and the public names are bound to callable OBJECTS rather than functions; they take the same arguments. Over-engineered, right.
import torch
from torch import nn
import lab


class MatcherMeta(type):
    registry = {}

    def __new__(mcls, name, bases, ns, **kw):
        cls = super().__new__(mcls, name, bases, ns)
        if "rule" in ns:
            mcls.registry[ns["rule"]] = cls
        return cls


class Matcher(metaclass=MatcherMeta):
    def __init__(self, patterns):
        self.patterns = tuple(patterns)

    def __contains__(self, dotted):
        return any(self.one(p, dotted) for p in self.patterns)


class Suffix(Matcher):
    rule = "suffix"

    @staticmethod
    def one(p, dotted):
        return ("." + dotted).endswith("." + p)


class Substring(Matcher):
    rule = "substring"

    @staticmethod
    def one(p, dotted):
        return p in dotted


class Ratio:
    """Descriptor: alpha / rank, worked out from the instance each time."""

    def __set_name__(self, owner, name):
        self.name = name

    def __get__(self, obj, owner=None):
        return self if obj is None else obj.alpha / obj.lora_A.shape[0]


class Adapter(nn.Module):
    scaling = Ratio()

    def __init__(self, base, rank, alpha):
        super().__init__()
        self.base = base
        self.alpha = alpha
        like = dict(device=base.weight.device, dtype=base.weight.dtype)
        self.lora_A = nn.Parameter(torch.randn(rank, base.in_features, **like) * 0.02)
        self.lora_B = nn.Parameter(torch.zeros(base.out_features, rank, **like))

    def forward(self, x):
        return self.base(x) + (x @ self.lora_A.T) @ (self.scaling * self.lora_B).T


class Injector:
    default = ["q_proj", "k_proj", "v_proj", "o_proj"]

    def __init__(self, rule="suffix"):
        self.matcher = MatcherMeta.registry[rule]

    def __call__(self, model, rank=8, alpha=16, target_modules=None):
        hits = self.matcher(self.default if target_modules is None else target_modules)
        model.requires_grad_(False)
        for name, module in tuple(model.named_modules()):
            if isinstance(module, nn.Linear) and name in hits:
                parent, _, leaf = name.rpartition(".")
                setattr(model.get_submodule(parent), leaf, Adapter(module, rank, alpha))
        return model


class Comparison:
    def __init__(self, injector, seed=0, lr=1e-3):
        self.injector, self.seed, self.lr = injector, seed, lr

    def __call__(self, target_configs, n_epochs=50):
        return {"+".join(t): self.entry(t, n_epochs) for t in target_configs}

    def entry(self, targets, n_epochs):
        torch.manual_seed(self.seed)
        model = lab.SimpleTransformerBlock()
        x, y = lab.generate_synthetic_data()
        self.injector(model, 8, 16, targets)
        params = [p for p in model.parameters() if p.requires_grad]
        opt = torch.optim.AdamW(params, lr=self.lr)
        losses = [self.epoch(model, opt, x, y) for _ in range(n_epochs)]
        return {"target_modules": targets, "trainable_params": sum(p.numel() for p in params),
                "losses": losses, "final_loss": losses[-1]}

    @staticmethod
    def epoch(model, opt, x, y):
        total = 0.0
        for i in torch.randperm(len(x)).split(32):
            opt.zero_grad()
            loss = nn.functional.mse_loss(model(x[i]), y[i])
            loss.backward()
            opt.step()
            total += loss.item()
        return total / 4


add_lora_to_model_selective = Injector()
compare_target_modules = Comparison(add_lora_to_model_selective)
