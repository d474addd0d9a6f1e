# style: Spanish identifiers, forward's argument is not called x, own dropout mask with bernoulli_
import torch
import torch.nn as nn


class CapaLoRA(nn.Module):
    """Capa base: la matriz original congelada más una actualización de rango bajo."""

    def __init__(self, capa, rango, alfa, probabilidad):
        super().__init__()
        self.capa = capa
        self.rango, self.alfa, self.probabilidad = rango, alfa, probabilidad
        self.lora_A = nn.Parameter(torch.empty(rango, capa.in_features))
        self.lora_B = nn.Parameter(torch.zeros(capa.out_features, rango))
        nn.init.xavier_normal_(self.lora_A)
        self.congelar()

    def congelar(self):
        for parámetro in self.capa.parameters():
            parámetro.requires_grad = False

    def apagar(self, entrada):
        # máscara de Bernoulli; los supervivientes se dividen por la probabilidad de quedarse
        if not self.training or self.probabilidad == 0:
            return entrada
        quedarse = 1 - self.probabilidad
        máscara = torch.empty_like(entrada, memory_format=torch.contiguous_format).bernoulli_(quedarse)
        return entrada * máscara / quedarse

    def forward(self, entrada):
        salida = self.capa(entrada)
        ajuste = nn.functional.linear(nn.functional.linear(self.apagar(entrada), self.lora_A), self.lora_B)
        return torch.add(salida, ajuste, alpha=self.alfa / self.rango)


class LoRALayerWithBias(CapaLoRA):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__(original_layer, rank, alpha, dropout)
        if train_bias and original_layer.bias is not None:
            original_layer.bias.requires_grad = True
