# who: German physicist, index notation, German names; unusual: einsum with ellipsis everywhere, A scaled by alpha/rank before the contraction
# Übung 1 -- LoRA mit Bias
import torch
from torch import nn


class LoRALayerWithBias(nn.Module):
    """y_o = W_oi x_i + b_o + (alpha/r) B_or A_ri D(x)_i     (Einsteinsche Summenkonvention)"""

    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.schicht = original_layer
        for name, groesse in self.schicht.named_parameters(recurse=False):
            groesse.requires_grad = (name == "bias") and train_bias
        aus, ein = self.schicht.weight.shape
        self.lora_A = nn.Parameter(torch.normal(0.0, 0.02, (rank, ein)))
        self.lora_B = nn.Parameter(torch.zeros(aus, rank))
        self.kopplung = alpha / rank
        self.verduennung = nn.Dropout(dropout)

    def forward(self, x):
        stoerung = torch.einsum(
            "or, ri, ...i -> ...o",
            self.lora_B,
            self.kopplung * self.lora_A,
            self.verduennung(x),
        )
        ungestoert = torch.einsum("oi, ...i -> ...o", self.schicht.weight, x)
        if self.schicht.bias is not None:
            ungestoert = ungestoert + self.schicht.bias
        return ungestoert + stoerung
