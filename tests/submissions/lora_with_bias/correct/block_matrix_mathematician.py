# who: French mathematician, block matrices; unusual: one product [W | cB] [x ; A D x] of concatenated matrices, trained bias is an own Parameter of the wrapper
"""y = [ W | c B ] [ x ; A D(x) ] + b : une seule application linéaire, par blocs."""
import torch
from torch import nn


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        poids, biais = original_layer.weight, original_layer.bias
        m, n = poids.shape
        self.register_buffer("W", poids.detach())  # le poids gelé n'est plus un paramètre
        if biais is None:
            self.register_parameter("b", None)
        else:
            self.b = nn.Parameter(biais.detach().clone(), requires_grad=train_bias)
        self.lora_A = nn.Parameter(torch.empty(rank, n).uniform_(-1, 1) / n**0.5)
        self.lora_B = nn.Parameter(torch.zeros(m, rank))
        self.c = alpha / rank
        self.D = nn.Dropout(dropout)

    def forward(self, x):
        Ax = nn.functional.linear(self.D(x), self.lora_A)
        blocs = torch.cat([self.W, self.c * self.lora_B], dim=1)  # (m, n + r)
        vecteur = torch.cat([x, Ax], dim=-1)  # (..., n + r)
        return nn.functional.linear(vecteur, blocs, self.b)


# vérification rapide
if __name__ == "__main__":
    couche = nn.Linear(7, 3)
    l = LoRALayerWithBias(couche, rank=2, alpha=5)
    x = torch.randn(4, 7)
    print(torch.dist(l(x), couche(x)))
