# style: multi-adapter library author: factors far below the layer (q_proj.adapters.default.lora_A.weight), active adapter switch
from collections import OrderedDict
from contextlib import contextmanager

import torch
from torch import nn

from lab import SimpleTransformerBlock, generate_synthetic_data


class LowRankPath(nn.Sequential):
    def __init__(self, i, o, rank, alpha):
        super().__init__(OrderedDict(lora_A=nn.Linear(i, rank, bias=False), lora_B=nn.Linear(rank, o, bias=False)))
        self.gain = alpha / rank
        nn.init.orthogonal_(self.lora_A.weight)
        nn.init.constant_(self.lora_B.weight, 0.0)

    def forward(self, x):
        return super().forward(x).mul(self.gain)


class AdaptedLinear(nn.Module):
    def __init__(self, pretrained):
        super().__init__()
        self.pretrained = pretrained
        self.adapters = nn.ModuleDict()
        self.active = None

    def add_adapter(self, name, rank, alpha):
        self.adapters[name] = LowRankPath(self.pretrained.in_features, self.pretrained.out_features, rank, alpha)
        self.active = name

    @contextmanager
    def disabled(self):
        before, self.active = self.active, None
        try:
            yield
        finally:
            self.active = before

    def forward(self, x):
        y = self.pretrained(x)
        return y if self.active is None else y + self.adapters[self.active](x)


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    wanted = {"q_proj", "k_proj", "v_proj", "o_proj"} if target_modules is None else set(target_modules)
    model.requires_grad_(requires_grad=False)
    stack = [model]
    while stack:
        node = stack.pop()
        for name, child in node.named_children():
            if name in wanted and isinstance(child, nn.Linear):
                adapted = AdaptedLinear(child)
                adapted.add_adapter("default", rank, alpha)
                node._modules[name] = adapted
            else:
                stack.append(child)
    return model


def compare_target_modules(target_configs, n_epochs=50):
    results = OrderedDict()
    for targets in target_configs:
        torch.manual_seed(8)
        block, (x, y) = SimpleTransformerBlock(), generate_synthetic_data(seq_len=8)
        add_lora_to_model_selective(block, 8, 16, targets)
        adapters = [p for p in block.parameters() if p.requires_grad]
        opt = torch.optim.AdamW(adapters, lr=2e-3)
        sched = torch.optim.lr_scheduler.LinearLR(opt, 1.0, 0.2, total_iters=n_epochs)
        entry = OrderedDict(target_modules=targets, trainable_params=sum(p.numel() for p in adapters), losses=[])
        for _ in range(n_epochs):
            opt.zero_grad()
            loss = nn.functional.mse_loss(block(x), y)
            loss.backward()
            opt.step()
            sched.step()
            entry["losses"].append(loss.item())
        entry["final_loss"] = entry["losses"][-1]
        results["+".join(targets)] = entry
    return results
