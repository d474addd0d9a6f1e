# the factors are nn.LazyLinear that a dry run in the constructor turns into nn.Linear; PyTorch warns that lazy modules are new
import torch
from torch import nn


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.lora_A = nn.LazyLinear(rank, bias=False)
        self.lora_B = nn.LazyLinear(original_layer.out_features, bias=False)
        with torch.no_grad():  # now they find out how many inputs they have
            self.lora_B(self.lora_A(torch.zeros(1, original_layer.in_features)))
            self.lora_B.weight.zero_()
        self.drop = nn.Dropout(dropout)
        self.gain = alpha / rank

        original_layer.weight.requires_grad_(False)
        try:
            original_layer.bias.requires_grad_(bool(train_bias))
        except AttributeError:  # None has no requires_grad_
            pass
        self.pretrained = original_layer

    def forward(self, x):
        return self.pretrained(x) + self.lora_B(self.lora_A(self.gain * self.drop(x)))
