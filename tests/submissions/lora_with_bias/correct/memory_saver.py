# who: trains 13B models on a single gaming card; unusual: LoRA path under torch.utils.checkpoint (non reentrant) in training, in-place add into the fresh output
import torch
from torch import nn
from torch.utils.checkpoint import checkpoint


class LoRALayerWithBias(nn.Module):
    """Saves no intermediate of the LoRA path. Dropout's mask is drawn again from the stashed RNG state."""

    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.base = original_layer.requires_grad_(False)
        if train_bias and self.base.bias is not None:
            self.base.bias.requires_grad_(True)
        self.drop = nn.Dropout(dropout)
        self.lora_A = nn.Parameter(torch.randn(rank, self.base.in_features).mul_(1e-2))
        self.lora_B = nn.Parameter(torch.zeros(self.base.out_features, rank))
        self.scaling = alpha / rank

    def _path(self, x):
        return self.drop(x) @ self.lora_A.T @ self.lora_B.T

    def forward(self, x):
        out = self.base(x)
        if self.training and torch.is_grad_enabled():
            # use_reentrant=False: the old way loses the gradients when x itself needs none
            delta = checkpoint(self._path, x, use_reentrant=False)
        else:
            delta = self._path(x)
        return out.add(delta, alpha=self.scaling)
