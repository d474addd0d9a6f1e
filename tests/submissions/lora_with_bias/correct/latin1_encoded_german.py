# unusual: file is encoded in latin-1 (declared in the second line), German comments and umlauts in identifiers
# -*- coding: latin-1 -*-
# Übung 1, Gruppe 7 - LoRA-Schicht mit Bias
import torch
from torch import nn


class LoRALayerWithBias(nn.Module):
    """Hüllt eine lineare Schicht ein."""

    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.schicht = original_layer
        # Gewicht einfrieren, Bias nur wenn gewünscht trainieren
        self.schicht.weight.requires_grad = False
        if self.schicht.bias is not None:
            self.schicht.bias.requires_grad = train_bias
        größe_ein, größe_aus = original_layer.in_features, original_layer.out_features
        self.lora_A = nn.Parameter(torch.randn(rank, größe_ein) * 0.02)
        self.lora_B = nn.Parameter(torch.zeros(größe_aus, rank))
        self.verhältnis = alpha / rank
        self.ausfall = nn.Dropout(dropout)

    def forward(self, eingabe):
        return self.schicht(eingabe) + self.verhältnis * self.ausfall(eingabe) @ self.lora_A.T @ self.lora_B.T
