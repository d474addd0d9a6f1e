# factors in an nn.ParameterDict, put in with set_submodule; results in an OrderedDict, losses as a NumPy array
from collections import OrderedDict

import torch
from torch import nn

from lab import SimpleTransformerBlock, generate_synthetic_data


class Adapted(nn.Module):
    def __init__(self, linear, rank, alpha):
        super().__init__()
        self.linear = linear
        self.adapter = nn.ParameterDict({
            "lora_A": torch.randn(rank, linear.in_features) / rank,
            "lora_B": torch.zeros(linear.out_features, rank),
        })
        self.scaling = alpha / rank

    def forward(self, x):
        a, b = self.adapter["lora_A"], self.adapter["lora_B"]
        return torch.add(self.linear(x), x @ a.T @ b.T, alpha=self.scaling)


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    names = {"q_proj", "k_proj", "v_proj", "o_proj"} if target_modules is None else set(target_modules)
    model.requires_grad_(False)
    for name, module in {**dict(model.named_modules())}.items():
        if type(module) is nn.Linear and name.split(".")[-1] in names:
            model.set_submodule(name, Adapted(module, rank, alpha))
    return model


def compare_target_modules(target_configs, n_epochs=50):
    results = OrderedDict()
    for targets in target_configs:
        torch.manual_seed(7)
        x, y = generate_synthetic_data(n_samples=64)
        model = add_lora_to_model_selective(SimpleTransformerBlock(), 8, 16, targets)
        adapters = [p for p in model.parameters() if p.requires_grad]
        optimizer = torch.optim.RAdam(adapters, lr=1e-3)
        losses = torch.zeros(n_epochs)
        for epoch in range(n_epochs):
            optimizer.zero_grad(set_to_none=False)
            loss = nn.functional.smooth_l1_loss(model(x), y)
            loss.backward()
            optimizer.step()
            losses[epoch] = loss.detach()
        entry = OrderedDict(target_modules=list(targets), trainable_params=sum(map(torch.numel, adapters)))
        results["+".join(targets)] = entry
        entry.update(losses=losses.numpy(), final_loss=losses[-1].item())
    return results
