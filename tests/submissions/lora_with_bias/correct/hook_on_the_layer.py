# hook on the layer
import torch
from torch import nn


class LoRALayerWithBias(nn.Module):
    """The update is added by a forward hook; the wrapper itself only calls the layer."""

    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        clone = nn.Linear(original_layer.in_features, original_layer.out_features, bias=original_layer.bias is not None)
        clone.load_state_dict(original_layer.state_dict())
        clone.weight.requires_grad = False
        if clone.bias is not None:
            clone.bias.requires_grad = True if train_bias else False
        self.lora_A = nn.Parameter(torch.nn.init.orthogonal_(torch.empty(rank, clone.in_features)))
        self.lora_B = nn.Parameter(torch.zeros(clone.out_features, rank))
        self.dropout = nn.Dropout(dropout)
        self.ratio = alpha / rank
        self.clone = clone
        clone.register_forward_hook(self._add)

    def _add(self, layer, args, output):
        (x,) = args
        return output + self.ratio * (self.dropout(x) @ self.lora_A.T @ self.lora_B.T)

    def forward(self, x):
        return self.clone(x)
