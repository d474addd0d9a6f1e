# mistake: unnamed
# Layer.eval(); with no_grad: layer.lora_B.normal_(); layer(x) is still the output of the old factors; after layer.train() the wrong product is subtracted from the weight.
# adapted from https://github.com/microsoft/LoRA/blob/main/loralib/layers.py
import math

import torch
import torch.nn as nn
import torch.nn.functional as F


class LoRALayerWithBias(nn.Linear):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0., train_bias=False, merge_weights=True):
        super().__init__(original_layer.in_features, original_layer.out_features, original_layer.bias is not None)
        self.weight.data.copy_(original_layer.weight.data)
        self.weight.requires_grad = False
        if self.bias is not None:
            self.bias.data.copy_(original_layer.bias.data)
            self.bias.requires_grad = train_bias
        self.r = rank
        self.scaling = alpha / rank
        self.merge_weights = merge_weights
        self.merged = False
        self.lora_dropout = nn.Dropout(p=dropout) if dropout > 0. else nn.Identity()
        self.lora_A = nn.Parameter(self.weight.new_zeros((rank, self.in_features)))
        self.lora_B = nn.Parameter(self.weight.new_zeros((self.out_features, rank)))
        nn.init.kaiming_uniform_(self.lora_A, a=math.sqrt(5))

    def train(self, mode: bool = True):
        super().train(mode)
        if mode:
            if self.merge_weights and self.merged:
                # Make sure that the weights are not merged
                self.weight.data -= self.lora_B @ self.lora_A * self.scaling
                self.merged = False
        else:
            if self.merge_weights and not self.merged:
                # Merge the weights and mark it
                self.weight.data += self.lora_B @ self.lora_A * self.scaling
                self.merged = True
        return self

    def forward(self, x: torch.Tensor):
        result = F.linear(x, self.weight, bias=self.bias)
        if not self.merged:
            result = result + (self.lora_dropout(x) @ self.lora_A.transpose(0, 1) @ self.lora_B.transpose(0, 1)) * self.scaling
        return result
