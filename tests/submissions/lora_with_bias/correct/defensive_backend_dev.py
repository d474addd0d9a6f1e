# who: backend developer burnt by production incidents; unusual: argument checks, logging (file handler in try), assertions in forward, merge/unmerge that keeps the formula
import logging
import math
import numbers

import torch
from torch import nn

log = logging.getLogger(__name__)
try:
    log.addHandler(logging.FileHandler("lora.log"))
except OSError:
    log.addHandler(logging.NullHandler())


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        if not isinstance(original_layer, nn.Linear):
            raise TypeError(f"expected nn.Linear, got {type(original_layer).__name__}")
        if not isinstance(rank, numbers.Integral) or rank < 1:
            raise ValueError(f"rank must be a positive integer, got {rank!r}")
        if not isinstance(alpha, numbers.Real) or not alpha > 0 or not math.isfinite(alpha):
            raise ValueError(f"alpha must be a positive number, got {alpha!r}")
        if not 0 <= dropout < 1:
            raise ValueError(f"dropout must be in [0, 1), got {dropout!r}")

        self.original_layer = original_layer
        self.rank = int(rank)
        self.alpha = float(alpha)
        self.train_bias = bool(train_bias)
        self.lora_dropout = nn.Dropout(float(dropout))

        weight = original_layer.weight
        opts = {"device": weight.device, "dtype": weight.dtype}
        self.lora_A = nn.Parameter(torch.empty(self.rank, original_layer.in_features, **opts))
        self.lora_B = nn.Parameter(torch.empty(original_layer.out_features, self.rank, **opts))
        self.reset_parameters()
        self._freeze()
        log.debug("wrapped %s with rank %d", original_layer, self.rank)

    def reset_parameters(self):
        nn.init.trunc_normal_(self.lora_A, std=0.02)
        nn.init.zeros_(self.lora_B)

    def _freeze(self):
        self.original_layer.weight.requires_grad_(False)
        bias = getattr(self.original_layer, "bias", None)
        if bias is None:
            if self.train_bias:
                log.info("train_bias=True, but the layer has no bias; nothing to train")
        else:
            bias.requires_grad_(self.train_bias)

    @property
    def scaling(self):
        return self.alpha / self.rank

    def forward(self, x):
        if x.shape[-1] != self.original_layer.in_features:
            raise ValueError(f"last dimension is {x.shape[-1]}, expected {self.original_layer.in_features}")
        out = self.original_layer(x)
        update = self.lora_dropout(x) @ self.lora_A.T @ self.lora_B.T
        assert update.shape == out.shape, (update.shape, out.shape)
        return out + self.scaling * update

    @torch.no_grad()
    def merged_linear(self):
        """A plain nn.Linear for deployment. Does not touch this layer."""
        old = self.original_layer
        new = nn.Linear(old.in_features, old.out_features, bias=old.bias is not None).to(old.weight)
        new.weight.copy_(old.weight + self.scaling * self.lora_B @ self.lora_A)
        if old.bias is not None:
            new.bias.copy_(old.bias)
        return new
