# mistake: unnamed
# A tensor hook writes the factors' .grad itself and overwrites what is there, so two calls (or two backward passes) do not add up.
# style: manual gradients to keep A and B out of the graph
import math

import torch
from torch import nn


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.original_layer = original_layer
        original_layer.weight.requires_grad_(False)
        if original_layer.bias is not None:
            original_layer.bias.requires_grad_(bool(train_bias))
        self.rank = rank
        self.scaling = alpha / rank
        self.dropout = nn.Dropout(dropout)
        self.lora_A = nn.Parameter(torch.empty(rank, original_layer.in_features))
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank))
        nn.init.kaiming_uniform_(self.lora_A, a=math.sqrt(5))

    def forward(self, x):
        base = self.original_layer(x)
        dropped = self.dropout(x)
        A, B = self.lora_A, self.lora_B
        # the constants carry the gradient to x, the hook fills in A and B
        update = self.scaling * (dropped @ A.detach().T @ B.detach().T)
        if not torch.is_grad_enabled():
            return base + update
        anchor = (A.sum() + B.sum()) * 0.0
        y = base + update + anchor
        flat = dropped.detach().reshape(-1, A.shape[1])

        def fill(grad):
            g = self.scaling * grad.reshape(-1, B.shape[0])
            with torch.no_grad():
                self.manual = ((g @ B).T @ flat, g.T @ (flat @ A.T))

        def set_a(param):
            param.grad = self.manual[0].clone()

        def set_b(param):
            param.grad = self.manual[1].clone()

        y.register_hook(fill)
        if not hasattr(self, "_hooked"):
            self._hooked = True
            A.register_post_accumulate_grad_hook(set_a)
            B.register_post_accumulate_grad_hook(set_b)
        return y
