# unusual: caches W + sBA for inference under no_grad, invalidated by comparing the factors with kept copies
import torch
from torch import nn
import torch.nn.functional as F
from lab import SimpleTransformerBlock, generate_synthetic_data


class CachedLoRA(nn.Module):
    """Fast inference: the merged weight is kept, and made again as soon as anything it came from is different."""

    def __init__(self, linear: nn.Linear, rank: int, alpha: float):
        super().__init__()
        self.weight = nn.Parameter(linear.weight.detach().clone(), requires_grad=False)
        self.bias = None if linear.bias is None else nn.Parameter(linear.bias.detach().clone(), requires_grad=False)
        self.lora_A = nn.Parameter(torch.randn_like(self.weight[:1]).expand(rank, -1).clone() * torch.randn(rank, 1, device=linear.weight.device, dtype=linear.weight.dtype))
        with torch.no_grad():
            self.lora_A.normal_(0, 0.02)
        self.lora_B = nn.Parameter(torch.zeros(linear.out_features, rank).type_as(self.weight))
        self.scaling = float(alpha) / rank
        self._cache = None

    def _sources(self):
        return (self.weight, self.lora_A, self.lora_B)

    def _fresh(self):
        if self._cache is None:
            return False
        old, _ = self._cache
        return all(o.device == n.device and o.dtype == n.dtype and torch.equal(o, n) for o, n in zip(old, self._sources()))

    def merged(self):
        if not self._fresh():
            W = self.weight + self.scaling * (self.lora_B @ self.lora_A)
            self._cache = (tuple(p.detach().clone() for p in self._sources()), W)
        return self._cache[1]

    def __getstate__(self):
        state = self.__dict__.copy()
        state["_cache"] = None
        return state

    def forward(self, x):
        if torch.is_grad_enabled():
            return F.linear(x, self.weight, self.bias) + self.scaling * F.linear(F.linear(x, self.lora_A), self.lora_B)
        return F.linear(x, self.merged(), self.bias)


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    wanted = {"q_proj", "k_proj", "v_proj", "o_proj"} if target_modules is None else set(target_modules)
    model.requires_grad_(False)
    for parent in list(model.modules()):
        for child_name, child in list(parent.named_children()):
            if child_name in wanted and isinstance(child, nn.Linear):
                parent.register_module(child_name, CachedLoRA(child, rank, alpha))
    return model


def compare_target_modules(target_configs, n_epochs=50):
    table = {}
    for targets in target_configs:
        torch.manual_seed(314)
        model = SimpleTransformerBlock()
        x, y = generate_synthetic_data(64)
        add_lora_to_model_selective(model, target_modules=targets)
        trainable = [p for p in model.parameters() if p.requires_grad]
        opt = torch.optim.AdamW(trainable, lr=1e-3)
        losses = []
        for _ in range(n_epochs):
            for part in torch.arange(64).chunk(2):
                opt.zero_grad()
                F.mse_loss(model(x[part]), y[part]).backward()
                opt.step()
            with torch.inference_mode(False), torch.no_grad():
                losses.append(F.mse_loss(model(x), y).item())
        table["+".join(targets)] = dict(target_modules=targets, trainable_params=sum(p.numel() for p in trainable), losses=losses, final_loss=losses[-1])
    return table
