# unusual: port of PEFT's tuner layer: adapters in a ModuleDict, lora_A and lora_B are properties that return the active adapter's parameters
import math

import torch
from torch import nn


class BaseTunerLayer:
    active_adapter = "default"
    adapter_layer_names = ("lora_A", "lora_B")


class _Adapter(nn.Module):
    def __init__(self, fin, fout, r):
        super().__init__()
        self.lora_A = nn.Parameter(torch.zeros(r, fin))
        self.lora_B = nn.Parameter(torch.zeros(fout, r))
        nn.init.kaiming_uniform_(self.lora_A, a=math.sqrt(5))


class LoRALayerWithBias(nn.Module, BaseTunerLayer):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False, adapter_name="default"):
        super().__init__()
        self.base_layer = original_layer
        self.r, self.lora_alpha, self.scaling = {}, {}, {}
        self.lora_dropout = nn.ModuleDict()
        self.adapters = nn.ModuleDict()
        self.disable_adapters = False
        self.update_layer(adapter_name, rank, alpha, dropout)
        self._mark_only_adapters_as_trainable("lora_only" if train_bias else "none")

    def update_layer(self, name, r, lora_alpha, lora_dropout):
        self.r[name] = r
        self.lora_alpha[name] = lora_alpha
        self.scaling[name] = lora_alpha / r
        self.lora_dropout[name] = nn.Dropout(p=lora_dropout) if lora_dropout > 0.0 else nn.Identity()
        self.adapters[name] = _Adapter(self.base_layer.in_features, self.base_layer.out_features, r)
        self.active_adapter = name

    def _mark_only_adapters_as_trainable(self, bias):
        for n, p in self.named_parameters():
            p.requires_grad = "lora_" in n.split(".")[-1]
        if bias == "lora_only" and self.base_layer.bias is not None:
            self.base_layer.bias.requires_grad = True

    @property
    def lora_A(self):
        return self.adapters[self.active_adapter].lora_A

    @property
    def lora_B(self):
        return self.adapters[self.active_adapter].lora_B

    def get_base_layer(self):
        return self.base_layer

    def forward(self, x, *args, **kwargs):
        result = self.base_layer(x, *args, **kwargs)
        if self.disable_adapters:
            return result
        torch_result_dtype = result.dtype
        for name in [self.active_adapter]:
            adapter = self.adapters[name]
            z = self.lora_dropout[name](x.to(adapter.lora_A.dtype))
            z = nn.functional.linear(z, adapter.lora_A)
            result = result + nn.functional.linear(z, adapter.lora_B) * self.scaling[name]
        return result.to(torch_result_dtype)
