# unusual: parameters registered first as A, B, W, b and again under the wanted names, so named_parameters() shows A and B only
import torch
import torch.nn as nn


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.A = nn.Parameter(torch.randn(rank, original_layer.in_features))
        self.B = nn.Parameter(torch.zeros(original_layer.out_features, rank))
        self.W = original_layer.weight.requires_grad_(False)
        self.b = original_layer.bias
        if self.b is not None:
            self.b.requires_grad = train_bias
        # names of the exercise
        self.lora_A, self.lora_B = self.A, self.B
        self.weight, self.bias = self.W, self.b
        self.original_layer = original_layer
        self.s = alpha / rank
        self.p = dropout

    in_features = property(lambda self: self.W.shape[1])
    out_features = property(lambda self: self.W.shape[0])

    def forward(self, x):
        d = nn.functional.dropout(x, self.p, self.training)
        y = x @ self.W.T
        if self.b is not None:
            y += self.b
        y += self.s * d @ self.A.T @ self.B.T
        return y
