# style: the frozen layer is hidden from registration (moved along by _apply); block and data are made once at import and copied
import copy

import torch
from torch import nn

import lab

with torch.random.fork_rng():
    torch.manual_seed(2718)
    _PRISTINE = lab.SimpleTransformerBlock()
    _X, _Y = lab.generate_synthetic_data(64)


class SideCar(nn.Module):
    """Only the factors are registered; the pretrained layer rides along."""

    def __init__(self, layer, rank, alpha):
        super().__init__()
        self.__dict__["layer"] = layer
        self.scaling = alpha / rank
        self.lora_A = nn.Parameter(torch.randn(rank, layer.in_features) * layer.in_features**-0.5)
        self.lora_B = nn.Parameter(torch.zeros(layer.out_features, rank))

    def _apply(self, fn, recurse=True):
        self.layer._apply(fn)
        return super()._apply(fn, recurse)

    def forward(self, x):
        return self.layer(x) + (x @ self.lora_A.T @ self.lora_B.T) * self.scaling


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    targets = ["q_proj", "k_proj", "v_proj", "o_proj"]
    if target_modules is not None:
        targets = target_modules
    model.requires_grad_(False)
    for name, module in list(model.named_modules()):
        if isinstance(module, nn.Linear) and sum(name.count(t) for t in targets) > 0:
            head, _, tail = name.rpartition(".")
            setattr(model.get_submodule(head), tail, SideCar(module, rank, alpha))
    return model


def compare_target_modules(target_configs, n_epochs=50):
    out = {}
    for targets in target_configs:
        torch.manual_seed(2718)
        model = add_lora_to_model_selective(copy.deepcopy(_PRISTINE), 8, 16, targets)
        params = [p for p in model.parameters() if p.requires_grad]
        opt = torch.optim.AdamW(params, lr=1e-3)
        losses = []
        for _ in range(n_epochs):
            opt.zero_grad()
            loss = nn.functional.mse_loss(model(_X), _Y)
            loss.backward()
            opt.step()
            losses.append(loss.item())
        out["+".join(targets)] = {"target_modules": targets, "trainable_params": sum(p.numel() for p in params),
                                  "losses": losses, "final_loss": losses[-1]}
    return out
