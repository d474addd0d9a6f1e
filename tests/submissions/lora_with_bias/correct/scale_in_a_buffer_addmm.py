# scale in a buffer addmm
import torch
from torch import nn
from lab import LoRALayer


class LoRALayerWithBias(LoRALayer):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__(original_layer, rank, alpha, dropout)
        del self.scaling
        self.register_buffer("scaling", torch.tensor([alpha / rank], dtype=torch.float32), persistent=False)
        nn.init.normal_(self.lora_A)
        for b in [original_layer.bias]:
            if b is not None:
                b.requires_grad = train_bias

    def forward(self, x):
        lead = x.shape[:-1]
        rows = self.dropout(x).reshape(-1, x.shape[-1])
        base = self.original_layer(x).reshape(-1, self.lora_B.shape[0])
        out = torch.addmm(base, rows @ self.lora_A.t() * self.scaling, self.lora_B.t())
        return out.reshape(*lead, self.lora_B.shape[0])
