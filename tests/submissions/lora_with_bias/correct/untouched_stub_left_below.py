# My attempt stands first and the untouched stub is still below it. Right: "the last definition counts, except that an untouched stub never replaces an attempt".
import math
import torch
from torch import nn


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.original_layer = original_layer
        original_layer.weight.requires_grad = False
        if original_layer.bias is not None:
            original_layer.bias.requires_grad = train_bias
        self.lora_A = nn.Parameter(torch.randn(rank, original_layer.in_features) / math.sqrt(rank))
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank))
        self.dropout = nn.Dropout(dropout)
        self.scaling = alpha / rank

    def forward(self, x):
        return self.original_layer(x) + self.scaling * (self.dropout(x) @ self.lora_A.T) @ self.lora_B.T


# ---------------- the file I was given ----------------
"""Exercise 1 (30 points): a LoRA layer that can train the bias too.

Write the two methods below where they raise NotImplementedError, keep the names and the signatures, and
hand in this file under its name, `lora_with_bias.py`. A notebook `lora_theory.ipynb` with the same
definitions is fine too.

While it is graded
    Imports:  torch, numpy, Python's standard library, `lab` (the given code), and your other exercise files.
              Other packages (matplotlib, pandas, peft, ...) are not there: importing one raises ImportError.
    Blocked:  the network, starting new processes, and opening files. They raise OSError. That includes
              `DataLoader(num_workers=2)`: leave `num_workers` at 0. Printing is harmless.
    Time:     a few seconds for each call, and for loading this file. Put experiments that take longer below
              `if __name__ == "__main__":`.
    lab.py:   you need not hand it in; the grader uses its own copy.
"""

import math

import torch
from torch import nn


class LoRALayerWithBias(nn.Module):
    """Wraps an `nn.Linear`: the weight is frozen, two small factors are trained, and the bias on request.

    For an input x of shape (..., in_features) it computes

        y = original_layer(x) + (alpha / rank) * dropout(x) @ A.T @ B.T          of shape (..., out_features)

    What counts
        * Two names are fixed: `lora_A` of shape (rank, in_features) and `lora_B` of shape (out_features,
          rank). Each is an `nn.Parameter`, or an `nn.Linear` without bias whose `weight` has that shape. All
          other names are yours. Each layer has its own factors.
        * At the start B is all zeros and A is random, so the wrapped layer gives exactly what the original
          layer gives, in training and in evaluation mode, whatever the dropout.
        * The original weight is frozen: training never changes it.
        * The original bias is trained exactly when `train_bias` is true.
        * The layer may have no bias (`nn.Linear(8, 4, bias=False)`, where `layer.bias` is None). It works
          with either value of `train_bias`, and it gains no bias.
        * Nothing else is trainable: `requires_grad` is true for the factors, and for the bias under
          `train_bias`, and for no other of `parameters()`. The flags that the original layer came with do not
          matter.
        * Every call uses the present values of the factors and of the bias (training changes them), in both
          modes, so do not store a product of A and B at creation. Gradients, those of x too, flow as the
          formula says.
        * Dropout acts on the input of the LoRA path only, never on the original layer's input, and in
          training mode only. `nn.Dropout` does the rest, its scaling by 1 / (1 - p) included.
        * x is not changed. Merging the factors into the weight is not asked for.
        * The original layer comes in float32 on the CPU. After `.to(torch.float64)` or `.to("cuda")` your
          layer works there: keep tensors as parameters or buffers, and it follows by itself.

    Args:
        original_layer: the `nn.Linear` to wrap, with or without a bias.
        rank: rows of A and columns of B; any integer from 1, also one above in_features or out_features.
        alpha: the update is multiplied by `alpha / rank`; any number above 0.
        dropout: probability of dropping an input value of the LoRA path, from 0 to below 1.
        train_bias: whether the original bias is trained.

    Example:
        >>> layer = LoRALayerWithBias(nn.Linear(16, 8), rank=4, alpha=8, train_bias=True)
        >>> layer.lora_A.shape, layer.lora_B.shape
        (torch.Size([4, 16]), torch.Size([8, 4]))
        >>> layer(torch.zeros(2, 5, 16)).shape
        torch.Size([2, 5, 8])
        >>> sum(p.numel() for p in layer.parameters() if p.requires_grad)  # A, B and bias: 64 + 32 + 8
        104

    Hints:
        * `lab.LoRALayer` does nearly all of this: read it first, or inherit from it. The bias is what it
          lacks.
        * `nn.Module` asks for `super().__init__()` before anything is assigned to `self`.
        * `original_layer.bias.requires_grad = train_bias` is right for a layer with a bias; without one there
          is nothing to set.
        * `x.T` turns round all dimensions of x. Here only A and B need turning.
    """

    def __init__(
        self,
        original_layer: nn.Linear,
        rank: int = 4,
        alpha: float = 1.0,
        dropout: float = 0.0,
        train_bias: bool = False,
    ) -> None:
        raise NotImplementedError("write LoRALayerWithBias.__init__ here")

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The formula above: x of shape (..., in_features) in, y of shape (..., out_features) out."""
        raise NotImplementedError("write LoRALayerWithBias.forward here")
