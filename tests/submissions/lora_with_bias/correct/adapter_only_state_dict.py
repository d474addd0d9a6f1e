# style: deployment-minded, state_dict/load_state_dict and named_parameters are overridden to hold what is trained, nothing else
import torch
from torch import nn


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.base = original_layer
        self.base.weight.requires_grad_(False)
        if self.base.bias is not None:
            self.base.bias.requires_grad_(train_bias)
        self.lora_A = nn.Parameter(torch.randn(rank, original_layer.in_features))
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank))
        self.lora_dropout, self.lora_scale = nn.Dropout(dropout), alpha / rank

    def named_parameters(self, prefix="", recurse=True, remove_duplicate=True):
        """The trained ones: `Adam(layer.parameters())` is then right without a filter."""
        for name, p in super().named_parameters(prefix, recurse, remove_duplicate):
            if p.requires_grad:
                yield name, p

    def state_dict(self, *args, **kwargs):
        prefix = kwargs.get("prefix", "")
        trained = {name for name, _ in self.named_parameters(prefix.removesuffix("."))}
        full = super().state_dict(*args, **kwargs)
        for key in [k for k in full if k.startswith(prefix) and k not in trained]:
            del full[key]
        return full

    def load_state_dict(self, state_dict, strict=False, assign=False):
        return super().load_state_dict(state_dict, strict=False, assign=assign)

    def forward(self, x):
        return self.base(x) + self.lora_scale * nn.functional.linear(self.lora_dropout(x) @ self.lora_A.T, self.lora_B)
