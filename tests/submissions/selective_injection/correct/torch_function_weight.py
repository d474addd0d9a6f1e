# the frozen weight becomes a Parameter subclass whose __torch_function__ adds the update inside F.linear; Adamax
import copy

import torch
import torch.nn.functional as F
from torch import nn

from lab import SimpleTransformerBlock, generate_synthetic_data


class AdaptedWeight(nn.Parameter):
    """The pretrained numbers, unchanged; but F.linear with this weight also adds the update of `owner`."""

    @staticmethod
    def of(weight, owner, scaling):
        self = torch.Tensor._make_subclass(AdaptedWeight, weight.detach(), False)
        self.owner, self.scaling = owner, scaling
        return self

    def __deepcopy__(self, memo):
        twin = memo[id(self)] = AdaptedWeight.of(self.detach().clone(), None, self.scaling)
        twin.owner = copy.deepcopy(self.owner, memo)
        return twin

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        with torch._C.DisableTorchFunctionSubclass():
            y = func(*args, **kwargs)
            if func is F.linear:
                x, weight = (*args, *(kwargs[k] for k in ("input", "weight") if k in kwargs))[:2]
                if isinstance(weight, AdaptedWeight):
                    update = F.linear(F.linear(x, weight.owner.lora_A), weight.owner.lora_B)
                    y = y + weight.scaling * update
            return y


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]
    model.requires_grad_(False)
    for name, layer in model.named_modules():  # no module is replaced, so no list() is needed
        if isinstance(layer, nn.Linear) and any(t in name for t in target_modules):
            W = layer.weight.detach()
            layer.lora_A = nn.Parameter(nn.init.kaiming_uniform_(W.new_empty(rank, W.size(1))))
            layer.lora_B = nn.Parameter(W.new_zeros(W.size(0), rank))
            layer.weight = AdaptedWeight.of(W, layer, alpha / rank)
    return model


def compare_target_modules(target_configs, n_epochs=50):
    def run(targets):
        torch.manual_seed(77)
        block, (x, y) = SimpleTransformerBlock(), generate_synthetic_data(32)
        add_lora_to_model_selective(block, 8, 16, targets)
        params = [p for p in block.parameters() if p.requires_grad]
        optimizer = torch.optim.Adamax(params, lr=2e-3)
        losses = []

        def closure():
            optimizer.zero_grad()
            # relative to predicting y = x: 1 means that nothing is explained
            loss = F.mse_loss(block(x), y) / F.mse_loss(x, y)
            loss.backward()
            return loss

        while len(losses) < n_epochs:
            losses += [optimizer.step(closure).item()]
        return dict(
            target_modules=targets,
            trainable_params=sum(p.numel() for p in params),
            losses=losses,
            final_loss=losses[-1],
        )

    return dict(zip(map("+".join, target_configs), map(run, target_configs)))
