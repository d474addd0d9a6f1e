# style: frozen tensors are deliberately hidden in a tuple (not in parameters, buffers or state_dict) and cast at each call
import torch
import torch.nn as nn
import torch.nn.functional as F


class LoRALayerWithBias(nn.Module):
    """Checkpoints of this module hold the adapter only (a few kB); the base model is stored elsewhere."""

    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        w = original_layer.weight.detach()
        b = original_layer.bias.detach() if original_layer.bias is not None else None
        if b is not None and train_bias:
            self.trainable_bias = nn.Parameter(b.clone())
            b = None
        else:
            self.trainable_bias = None
        self.__dict__["_frozen"] = (w, b)
        self.lora_A = nn.Parameter(nn.init.kaiming_normal_(w.new_empty(rank, w.size(1))))
        self.lora_B = nn.Parameter(w.new_zeros(w.size(0), rank))
        self.r, self.a, self.p = rank, alpha, dropout

    def frozen(self, like):
        return [None if t is None else t.to(device=like.device, dtype=like.dtype) for t in self._frozen]

    def forward(self, x):
        w, b = self.frozen(like=self.lora_A)
        y = F.linear(x, w, self.trainable_bias if b is None else b)
        z = F.dropout(x, self.p, self.training)
        return y + (self.a / self.r) * F.linear(F.linear(z, self.lora_A), self.lora_B)
