# mistake: none | contract: fulfilled
# style: the mask is the dropout of ones and multiplies x; three-factor tensordot; A drawn from a heavy-tailed distribution; the unfinished stub still stands above
import torch
import torch.nn.functional as F
from torch import nn


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        raise NotImplementedError("write LoRALayerWithBias.__init__ here")

    def forward(self, x):
        raise NotImplementedError


try:

    class LoRALayerWithBias(nn.Module):  # noqa: F811
        def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
            nn.Module.__init__(self)
            vars(self).update(alpha=alpha, rank=rank, p=dropout)
            self.add_module("pretrained", original_layer)
            original_layer.weight.requires_grad = False
            if original_layer.bias is not None:
                original_layer.bias.requires_grad = train_bias
            noise = torch.distributions.StudentT(2.0).sample((rank, original_layer.in_features))
            self.register_parameter("lora_A", nn.Parameter(noise))
            self.register_parameter("lora_B", nn.Parameter(torch.zeros(original_layer.out_features, rank)))

        def forward(self, x):
            mask = F.dropout(torch.ones_like(x), self.p, self.training)
            h = torch.tensordot(x * mask, self.lora_A, dims=([-1], [1]))
            u = torch.tensordot(h, self.lora_B, dims=([-1], [1]))
            return self.pretrained(x) + u * self.alpha / self.rank

finally:
    pass
