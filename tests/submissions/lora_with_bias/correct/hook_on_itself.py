# mistake: none | contract: fulfilled
# style: forward returns the frozen layer's output, a forward hook that the module registers on itself adds the update
import torch
from torch import nn


def add_update(module, inputs, output):
    (x,) = inputs
    return output + (module.dropout(x) @ module.lora_A.T) @ (module.lora_B.T * module.scaling)


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.base = original_layer
        for name, p in original_layer.named_parameters():
            p.requires_grad = train_bias and name == "bias"
        self.scaling = alpha / rank
        self.dropout = nn.Dropout(dropout)
        self.lora_A = nn.Parameter(torch.randn(rank, original_layer.in_features) * 0.02)
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank))
        self.register_forward_hook(add_update)

    def forward(self, x):
        return self.base(x)
