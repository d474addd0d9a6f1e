# style: vision person, the low-rank path is two 1x1 convolutions over the rows
import torch
import torch.nn.functional as F
from torch import nn


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.fc = original_layer
        for p in self.fc.parameters():
            p.requires_grad = False
        if self.fc.bias is not None:
            self.fc.bias.requires_grad = train_bias
        self.lora_A = nn.Parameter(torch.randn(rank, self.fc.in_features) * 0.1)
        self.lora_B = nn.Parameter(torch.zeros(self.fc.out_features, rank))
        self.lora_dropout = nn.Dropout(dropout)
        self.scale = alpha / rank

    def forward(self, x):
        y = self.fc(x)
        if x.numel() == 0:  # conv1d wants at least one pixel
            return y + self.scale * (x @ self.lora_A.T @ self.lora_B.T)
        pixels = self.lora_dropout(x).reshape(1, -1, x.size(-1)).transpose(1, 2)  # N=1, C=in, L=rows
        z = F.conv1d(F.conv1d(pixels, self.lora_A[..., None]), self.lora_B[..., None])
        return y + self.scale * z.transpose(1, 2).reshape(y.shape)
