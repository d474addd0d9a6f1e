# column vectors as in the textbook: features first, W cut into shards of rows (buffers outside state_dict), the output is a transposed view
import math

import torch
from torch import nn


class LoRALayerWithBias(nn.Module):
    SHARDS = 3

    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        W = original_layer.weight.detach()  # (out, in)
        height = math.ceil(W.shape[0] / self.SHARDS)
        self.shard_names = []
        for i, rows in enumerate(W.split(height)):
            self.shard_names.append(f"W{i}")
            self.register_buffer(f"W{i}", rows.clone(), persistent=False)

        b = None if original_layer.bias is None else original_layer.bias.detach().clone()
        if b is not None and train_bias:
            self.b = nn.Parameter(b)
        else:
            self.register_buffer("b", b, persistent=False)  # None is fine as a buffer

        # a random walk along each row: neighbouring features start alike
        self.lora_A = nn.Parameter(torch.randn(rank, W.shape[1]).cumsum(1) / W.shape[1])
        self.lora_B = nn.Parameter(torch.zeros(W.shape[0], rank))
        self.drop = nn.Dropout(dropout)
        self.scale = alpha / rank

    def forward(self, x):
        X = x.reshape(-1, x.shape[-1]).T  # (in, N), one column for each token
        Y = torch.cat([getattr(self, name) @ X for name in self.shard_names])  # (out, N)
        Y = Y + self.scale * (self.lora_B @ (self.lora_A @ self.drop(X)))
        if self.b is not None:
            Y = Y + self.b[:, None]
        return Y.T.view(*x.shape[:-1], Y.shape[0])
