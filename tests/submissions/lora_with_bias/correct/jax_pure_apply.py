# unusual: JAX programmer: pure apply(params, frozen, x, key) function, explicit torch.Generator keys for the dropout mask
import torch
from torch import nn


def bernoulli_mask(key, x, p):
    gen = torch.Generator(device=x.device)
    gen.manual_seed(key)
    return torch.rand(x.shape, generator=gen, device=x.device, dtype=torch.float32).to(x.dtype) >= p


def apply(params, frozen, x, *, scale, rate, key=None):
    """Pure: the output depends on the arguments alone."""
    y = torch.einsum("...i,oi->...o", x, frozen["kernel"])
    bias = params.get("bias", frozen.get("bias"))
    y = y if bias is None else y + bias
    z = x if key is None or rate == 0 else torch.where(bernoulli_mask(key, x, rate), x / (1.0 - rate), torch.zeros_like(x))
    return y + scale * ((z @ params["A"].mT) @ params["B"].mT)


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.register_buffer("kernel", original_layer.weight.detach().clone())
        has_bias = original_layer.bias is not None
        self.register_parameter("bias", nn.Parameter(original_layer.bias.detach().clone()) if has_bias and train_bias else None)
        self.register_buffer("frozen_bias", original_layer.bias.detach().clone() if has_bias and not train_bias else None)
        self.lora_A = nn.Parameter(torch.nn.init.trunc_normal_(torch.empty(rank, original_layer.in_features), std=0.02))
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank))
        self.static = dict(scale=alpha / rank, rate=dropout)

    def forward(self, x):
        params = {"A": self.lora_A, "B": self.lora_B}
        if self.bias is not None:
            params["bias"] = self.bias
        frozen = {"kernel": self.kernel, "bias": self.frozen_bias}
        # a fresh key per call, drawn from torch's global stream
        key = int(torch.randint(0, 2**31 - 1, ()).item()) if self.training and self.static["rate"] > 0 else None
        return apply(params, frozen, x, key=key, **self.static)
