# style: loralib-like, a subclass of nn.Linear that takes over the parameters; train() override; no inner layer
#  ------------------------------------------------------------------------------------------
#  written after microsoft/LoRA loralib/layers.py
#  ------------------------------------------------------------------------------------------
import math

import torch
import torch.nn as nn
import torch.nn.functional as F


class LoRALayer():
    def __init__(self, r, lora_alpha, lora_dropout, merge_weights):
        self.r = r
        self.lora_alpha = lora_alpha
        # Optional dropout
        if lora_dropout > 0.:
            self.lora_dropout = nn.Dropout(p=lora_dropout)
        else:
            self.lora_dropout = lambda x: x
        # Mark the weight as unmerged
        self.merged = False
        self.merge_weights = merge_weights


class LoRALayerWithBias(nn.Linear, LoRALayer):
    # LoRA implemented in a dense layer
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0., train_bias=False, fan_in_fan_out=False):
        nn.Linear.__init__(self, original_layer.in_features, original_layer.out_features,
                           bias=original_layer.bias is not None)
        LoRALayer.__init__(self, r=rank, lora_alpha=alpha, lora_dropout=dropout, merge_weights=False)
        self.fan_in_fan_out = fan_in_fan_out
        self.weight.data.copy_(original_layer.weight.data)
        if self.bias is not None:
            self.bias.data.copy_(original_layer.bias.data)
        # Actual trainable parameters
        if rank > 0:
            self.lora_A = nn.Parameter(self.weight.new_zeros((rank, self.in_features)))
            self.lora_B = nn.Parameter(self.weight.new_zeros((self.out_features, rank)))
            self.scaling = self.lora_alpha / self.r
            # Freezing the pre-trained weight matrix
            self.weight.requires_grad = False
            nn.init.kaiming_uniform_(self.lora_A, a=math.sqrt(5))
        if self.bias is not None:
            self.bias.requires_grad = train_bias

    def train(self, mode: bool = True):
        nn.Linear.train(self, mode)
        # loralib would merge here; it would go stale when somebody writes into A or B
        return self

    def forward(self, x: torch.Tensor):
        def T(w):
            return w.transpose(0, 1) if self.fan_in_fan_out else w
        if self.r > 0 and not self.merged:
            result = F.linear(x, T(self.weight), bias=self.bias)
            result += (self.lora_dropout(x) @ self.lora_A.transpose(0, 1) @ self.lora_B.transpose(0, 1)) * self.scaling
            return result
        else:
            return F.linear(x, T(self.weight), bias=self.bias)
