# who: Brazilian undergraduate who wants to understand dropout, not call it; unusual: own inverted-dropout mask with torch.rand, comments in Portuguese, unguarded matplotlib for a demo plot
import matplotlib.pyplot as plt  # para o gráfico no fim
import torch
from torch import nn


class MeuDropout(nn.Module):
    """Zera cada valor com probabilidade p e divide o resto por (1 - p). Só no treino."""

    def __init__(self, p):
        super().__init__()
        self.p = p

    def forward(self, x):
        if not self.training or self.p == 0:
            return x
        mascara = (torch.rand(x.shape, device=x.device) >= self.p).to(x.dtype)
        return x * mascara / (1 - self.p)


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.camada = original_layer
        self.escala = alpha / rank
        self.dropout = MeuDropout(dropout)
        self.lora_A = nn.Parameter(torch.randn(rank, original_layer.in_features) * 0.1)
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank))
        # congela tudo e depois descongela o bias, se existir
        for parametro in self.camada.parameters():
            parametro.requires_grad = False
        if train_bias and self.camada.bias is not None:
            self.camada.bias.requires_grad = True

    def forward(self, x):
        y = self.camada(x)
        delta = self.dropout(x) @ self.lora_A.T @ self.lora_B.T
        return y + self.escala * delta


def grafico():
    m = MeuDropout(0.3)
    plt.hist(m(torch.ones(1000)).numpy())
    plt.show()


if __name__ == "__main__":
    grafico()
