# who: Fortran/BLAS veteran; unusual: flattens to 2-D, two GEMMs with torch.addmm(beta, alpha), reshapes back
import torch
from torch import nn


class LoRALayerWithBias(nn.Module):
    """DGEMM twice.  C := alpha*A*B + beta*C is all one ever needs."""

    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        nn.Module.__init__(self)
        LDW, N = original_layer.weight.size()
        self.LDW, self.N, self.R = LDW, N, rank
        self.ALPHA = alpha / rank
        self.w = nn.Parameter(original_layer.weight.detach().clone(), requires_grad=False)
        self.b = None
        if original_layer.bias is not None:
            self.b = nn.Parameter(original_layer.bias.detach().clone(), requires_grad=train_bias)
        self.lora_A = nn.Parameter(torch.empty(rank, N))
        self.lora_B = nn.Parameter(torch.empty(LDW, rank))
        with torch.no_grad():
            self.lora_A.normal_(std=1 / rank)
            self.lora_B.zero_()
        self.drop = nn.Dropout(dropout)

    def forward(self, x):
        lead = x.shape[:-1]
        X = x.reshape(-1, self.N)
        if self.b is None:
            Y = X.mm(self.w.t())
        else:
            Y = torch.addmm(self.b, X, self.w.t())
        H = self.drop(X).mm(self.lora_A.t())
        Y = torch.addmm(Y, H, self.lora_B.t(), beta=1, alpha=self.ALPHA)
        return Y.reshape(*lead, self.LDW)
