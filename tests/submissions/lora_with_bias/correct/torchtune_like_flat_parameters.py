# style: torchtune-like, weight and bias registered flat on the wrapper, state dict of the original keeps loading
import math
from typing import List, Optional

import torch
import torch.nn.functional as F
from torch import nn


class LoRALayerWithBias(nn.Module):
    """LoRA linear layer as introduced in `LoRA: Low-Rank Adaptation of Large Language Models
    <https://arxiv.org/abs/2106.09685>`_.

    Args:
        original_layer (nn.Linear): pretrained layer
        rank (int): rank of the low-rank approximation
        alpha (float): scaling factor for the low-rank approximation
        dropout (float): dropout probability. Default: 0.0
        train_bias (bool): whether the pretrained bias is trained. Default: False
    """

    def __init__(
        self,
        original_layer: nn.Linear,
        rank: int = 4,
        alpha: float = 1.0,
        dropout: float = 0.0,
        train_bias: bool = False,
    ):
        super().__init__()
        self.in_dim = original_layer.in_features
        self.out_dim = original_layer.out_features
        self.rank = rank
        self.alpha = alpha
        self.use_bias = original_layer.bias is not None
        self.disabled = False

        self.register_parameter("weight", nn.Parameter(original_layer.weight.detach(), requires_grad=False))
        self.register_parameter(
            "bias",
            nn.Parameter(original_layer.bias.detach(), requires_grad=train_bias) if self.use_bias else None,
        )
        self.dropout = nn.Dropout(p=dropout) if dropout > 0.0 else nn.Identity()
        self.lora_a = None
        self.lora_A = nn.Linear(in_features=self.in_dim, out_features=rank, bias=False)
        self.lora_B = nn.Linear(in_features=rank, out_features=self.out_dim, bias=False)
        self.merged = False
        self.initialize_parameters()

    def initialize_parameters(self):
        # Initialize as in https://github.com/microsoft/LoRA/blob/main/loralib/layers.py
        _lora_a_init_params(self.lora_A)
        _lora_b_init_params(self.lora_B)

    def adapter_params(self) -> List[str]:
        """Return a list of strings corresponding to the names of the nn.Parameters in the model coming from the adapter."""
        return ["lora_A.weight", "lora_B.weight"]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out = F.linear(x, self.weight, self.bias)
        if self.disabled:
            return out
        lora_out = self.lora_A(self.dropout(x))
        lora_out = (self.alpha / self.rank) * self.lora_B(lora_out)
        return out + lora_out


def _lora_a_init_params(x: nn.Linear) -> None:
    nn.init.kaiming_uniform_(x.weight, a=math.sqrt(5))


def _lora_b_init_params(x: nn.Linear) -> None:
    nn.init.zeros_(x.weight)
