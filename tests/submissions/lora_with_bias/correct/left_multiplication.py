# mistake: none | contract: fulfilled
# style: works on column vectors with .mT for matrices and mv for vectors, native_dropout, exact sum in three-operand addcmul
import torch
from torch import nn


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.original_layer = original_layer
        original_layer.weight.requires_grad_(False)
        if original_layer.bias is not None:
            original_layer.bias.requires_grad_(train_bias)
        self.lora_A = nn.Parameter(torch.empty(rank, original_layer.in_features).log_normal_(0, 1))
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank))
        self.p, self.s = dropout, alpha / rank

    def forward(self, x):
        h = torch.dropout(x, self.p, self.training)
        if x.dim() == 1:
            u = torch.mv(self.lora_B, torch.mv(self.lora_A, h))
        else:
            u = (self.lora_B @ (self.lora_A @ h.mT)).mT
        y = self.original_layer(x)
        return torch.addcmul(y, u, torch.full_like(u, self.s))
