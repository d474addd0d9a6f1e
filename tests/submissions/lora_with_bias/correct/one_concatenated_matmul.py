# style: [x, dropout(x)] times [W, s B A] in a single F.linear; A starts uniform in (0, 1), all positive
import torch
from torch import nn


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.inner = original_layer.requires_grad_(False)
        if train_bias and original_layer.bias is not None:
            original_layer.bias.requires_grad_()
        self.lora_A = nn.Parameter(torch.rand(rank, original_layer.in_features))
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank))
        self.register_buffer("scaling", torch.tensor(float(alpha)) / rank)  # goes into the state_dict
        self.drop = nn.Dropout(dropout)

    def forward(self, x):
        wide_x = torch.cat((x, self.drop(x)), dim=-1)
        wide_W = torch.cat((self.inner.weight, self.scaling * self.lora_B @ self.lora_A), dim=1)
        return nn.functional.linear(wide_x, wide_W, self.inner.bias)
