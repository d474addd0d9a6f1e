# linalg.multi_dot chooses the order of the products; the dropout mask is drawn with torch.bernoulli
import torch
from torch import nn


class Bernoulli(nn.Module):
    """Inverted dropout, written out."""

    def __init__(self, p):
        super().__init__()
        self.p = p

    def forward(self, x):
        if not self.training or self.p == 0:
            return x
        keep = torch.bernoulli(torch.full_like(x, 1 - self.p))
        return x * keep / (1 - self.p)


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        nn.Module.__init__(self)
        self.add_module("original_layer", original_layer)
        self.add_module("dropout", Bernoulli(dropout))
        self.register_parameter("lora_A", nn.Parameter(torch.empty(rank, original_layer.in_features)))
        self.register_parameter("lora_B", nn.Parameter(torch.zeros(original_layer.out_features, rank)))
        self.scaling = alpha / rank
        nn.init.normal_(self.lora_A)
        for name, p in self.named_parameters():
            p.requires_grad_("lora_" in name or (name.endswith("bias") and train_bias))

    def forward(self, x):
        rows = self.dropout(x).flatten(0, -2) if x.dim() > 1 else self.dropout(x).unsqueeze(0)
        update = torch.linalg.multi_dot([rows, self.lora_A.T, self.lora_B.T])
        y = self.original_layer(x)
        return y + self.scaling * update.reshape(y.shape)
