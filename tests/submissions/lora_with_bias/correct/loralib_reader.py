# who: PhD student who read microsoft/LoRA's loralib and wrote it again from memory; unusual: the layer IS an nn.Linear which adopts the original's Parameters
import math

import torch
import torch.nn as nn
import torch.nn.functional as F


class _LoraMixin:
    """What loralib calls LoRALayer."""

    def _setup_lora(self, r, lora_alpha, lora_dropout):
        self.r = r
        self.lora_alpha = lora_alpha
        self.lora_dropout = nn.Dropout(p=lora_dropout) if lora_dropout > 0. else (lambda x: x)


class LoRALayerWithBias(nn.Linear, _LoraMixin):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        has_bias = original_layer.bias is not None
        # device meta: do not allocate something we throw away in the next lines
        nn.Linear.__init__(self, original_layer.in_features, original_layer.out_features, bias=has_bias, device="meta")
        self.weight = original_layer.weight
        self.weight.requires_grad = False
        if has_bias:
            self.bias = original_layer.bias
            self.bias.requires_grad = bool(train_bias)

        self._setup_lora(rank, alpha, dropout)
        self.lora_A = nn.Parameter(self.weight.new_zeros((rank, self.in_features)))
        self.lora_B = nn.Parameter(self.weight.new_zeros((self.out_features, rank)))
        self.scaling = self.lora_alpha / self.r
        self.reset_lora()

    def reset_lora(self):
        # initialize A the same way as the default for nn.Linear and B to zero
        nn.init.kaiming_uniform_(self.lora_A, a=math.sqrt(5))
        nn.init.zeros_(self.lora_B)

    def forward(self, x):
        # (no merging in eval mode: the exercise does not ask for it, and it goes stale)
        result = F.linear(x, self.weight, bias=self.bias)
        result = result + (self.lora_dropout(x) @ self.lora_A.transpose(0, 1) @ self.lora_B.transpose(0, 1)) * self.scaling
        return result
