# style: the pretrained tensors are cloned into buffers (bias a Parameter only when trained); original layer neither kept nor touched; scale is a buffer
import torch
import torch.nn.functional as F
from torch import Tensor, nn


class LoRALayerWithBias(nn.Module):
    weight: Tensor
    scale: Tensor

    def __init__(
        self,
        original_layer: nn.Linear,
        rank: int = 4,
        alpha: float = 1.0,
        dropout: float = 0.0,
        train_bias: bool = False,
    ) -> None:
        super().__init__()
        self.register_buffer("weight", original_layer.weight.detach().clone())
        self.register_buffer("scale", torch.tensor(alpha / rank))
        bias = original_layer.bias
        if bias is None:
            self.bias = None
        elif train_bias:
            self.bias = nn.Parameter(bias.detach().clone())
        else:
            self.register_buffer("bias", bias.detach().clone(), persistent=False)
        self.lora_A = nn.Parameter(torch.rand(rank, self.weight.shape[1]) - 0.5)
        self.lora_B = nn.Parameter(torch.zeros(self.weight.shape[0], rank))
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        low = F.linear(F.linear(self.dropout(x), self.lora_A), self.lora_B * self.scale)
        return F.linear(x, self.weight, self.bias) + low
