"""The given code of the LoRA lab: a LoRA layer, a transformer block, and a task that the block can learn.

    from lab import LoRALayer, SimpleTransformerBlock, add_lora_to_model, generate_synthetic_data

In the shapes B is the batch, T the number of tokens, d = d_model, r = rank.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

__all__ = ["LoRALayer", "SimpleTransformerBlock", "add_lora_to_model", "generate_synthetic_data"]

ATTENTION = ("q_proj", "k_proj", "v_proj", "o_proj")


class LoRALayer(nn.Module):
    """A frozen `nn.Linear` (W, b) with a trainable low-rank update beside it.

        y = W x + b + (alpha / rank) * B A dropout(x)

    A (rank, in) starts random and B (out, rank) starts at zero, so that at first the output is the old one's.
    Only A and B are trained: rank * (in + out) numbers instead of in * out. They live on the layer's device,
    in its dtype. Source: Hu et al. 2021, arXiv 2106.09685, section 4.1.
    """

    def __init__(
        self, original_layer: nn.Linear, rank: int = 4, alpha: float = 1.0, dropout: float = 0.0
    ) -> None:
        super().__init__()
        self.original_layer = original_layer.requires_grad_(False)
        self.rank = rank
        self.alpha = alpha
        self.scaling = alpha / rank
        self.dropout = nn.Dropout(dropout)
        W = original_layer.weight
        self.lora_A = nn.Parameter(W.new_empty(rank, original_layer.in_features))  # (r, in)
        self.lora_B = nn.Parameter(W.new_zeros(original_layer.out_features, rank))  # (out, r)
        nn.init.kaiming_uniform_(self.lora_A, a=math.sqrt(5))  # PEFT's choice: uniform within 1 / sqrt(in)
        self._kept_weight: Tensor | None = None  # W, while the update is merged into the layer

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.original_layer(x)  # (..., out)
        if not self.merged:
            Ax = self.dropout(x) @ self.lora_A.T  # (..., r)
            y = y + self.scaling * (Ax @ self.lora_B.T)  # (..., out)
        return y

    def delta_weight(self) -> Tensor:
        """The update of W: (alpha / rank) * B A, of W's shape (out, in)."""
        BA: Tensor = self.lora_B @ self.lora_A  # (out, in)
        return self.scaling * BA

    @property
    def merged(self) -> bool:
        """Whether the update is part of the layer's weight, as for inference."""
        return self._kept_weight is not None

    @torch.no_grad()
    def merge_weights(self) -> None:
        """Add the update to W, unless it is there already; A and B count again after `unmerge_weights`."""
        if not self.merged:
            W = self.original_layer.weight
            self._kept_weight = W.clone()
            W += self.delta_weight()

    @torch.no_grad()
    def unmerge_weights(self) -> None:
        """Put W back bit for bit, which subtracting the update would not do; without a merge, do nothing."""
        if self._kept_weight is not None:
            self.original_layer.weight.copy_(self._kept_weight)
            self._kept_weight = None


class SimpleTransformerBlock(nn.Module):
    """One pre-norm transformer block: attention, then a gated MLP (SwiGLU), each added to its input.

        x = x + o_proj(softmax(q k' / sqrt(d / n_heads)) v)        with q, k, v from norm1(x)
        x = x + down_proj(silu(gate_proj(h)) * up_proj(h))         with h = norm2(x)

    It has neither positions nor a mask: where the tokens of x change places, those of the output do too.
    """

    def __init__(self, d_model: int = 256, n_heads: int = 8) -> None:
        super().__init__()
        if d_model % n_heads:
            raise ValueError(f"d_model = {d_model} is not divisible by n_heads = {n_heads}")
        self.d_model = d_model
        self.n_heads = n_heads
        self.norm1 = nn.LayerNorm(d_model)
        self.q_proj = nn.Linear(d_model, d_model, bias=False)
        self.k_proj = nn.Linear(d_model, d_model, bias=False)
        self.v_proj = nn.Linear(d_model, d_model, bias=False)
        self.o_proj = nn.Linear(d_model, d_model, bias=False)
        self.norm2 = nn.LayerNorm(d_model)
        self.gate_proj = nn.Linear(d_model, 2 * d_model, bias=False)
        self.up_proj = nn.Linear(d_model, 2 * d_model, bias=False)
        self.down_proj = nn.Linear(2 * d_model, d_model, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attention(self.norm1(x))  # (B, T, d)
        return x + self.mlp(self.norm2(x))  # (B, T, d)

    def attention(self, h: Tensor) -> Tensor:
        q, k, v = (self.split_heads(proj(h)) for proj in (self.q_proj, self.k_proj, self.v_proj))
        weights = F.softmax(q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1]), dim=-1)  # (B, n_heads, T, T)
        mixed = (weights @ v).transpose(1, 2).flatten(2)  # (B, T, d)
        y: Tensor = self.o_proj(mixed)
        return y

    def split_heads(self, h: Tensor) -> Tensor:
        return h.view(*h.shape[:2], self.n_heads, -1).transpose(1, 2)  # (B, n_heads, T, d / n_heads)

    def mlp(self, h: Tensor) -> Tensor:
        y: Tensor = self.down_proj(F.silu(self.gate_proj(h)) * self.up_proj(h))
        return y


def add_lora_to_model(model: nn.Module, rank: int = 8, alpha: float = 16) -> nn.Module:
    """Freeze the whole model, wrap its q, k, v and o projections in LoRA layers, return the same model."""
    model.requires_grad_(False)
    for name, module in list(model.named_modules()):
        if isinstance(module, nn.Linear) and any(target in name for target in ATTENTION):
            parent, _, child = name.rpartition(".")
            setattr(model.get_submodule(parent), child, LoRALayer(module, rank, alpha))
    return model


def generate_synthetic_data(
    n_samples: int = 128, seq_len: int = 16, d_model: int = 256
) -> tuple[Tensor, Tensor]:
    """A regression task (x, y), both (n_samples, seq_len, d_model), whose update y - x has rank 2k = 8.

    Each token carries noise and 3k features of value +1 or -1: k topics c that all tokens of a sequence share
    (every combination equally often) and k pairs (a, b) of its own. Wanted are the topics and the products of
    the pairs, in 2k new directions:

        x = 4 (P c + V a + W b) + noise / 2
        y = x + 0.3 U1 c + 0.15 U2 (a * b)

    P, V, W have orthonormal columns, the noise is orthogonal to them, and each wanted term has its factor's
    square as mean square: predicting y = x costs 0.3 ** 2 + 0.15 ** 2 = 0.1125.

    Why the block can learn it: where the tokens of x change places those of y do too, just as in the block.
    c is linear in x, and the mean over a sequence keeps it while a and b average out: an update of rank k of
    the attention's values will do. a * b multiplies two features of one token, as a gated MLP can and a mean
    over tokens cannot. So adapters on attention learn the larger part, adapters on the MLP too nearly all.

    The directions depend on d_model alone; the samples come from torch's global generator, so the same seed
    gives the same data. k is 4, in narrow models d_model // 4 (d_model >= 4, else ValueError).
    """
    if d_model < 4:
        raise ValueError(f"d_model = {d_model}, should be at least 4")
    k = min(4, d_model // 4)
    fixed = torch.Generator(device="cpu").manual_seed(d_model)
    inputs, outputs = (
        torch.linalg.qr(torch.randn(d_model, n * k, generator=fixed, device="cpu"))[0] for n in (3, 2)
    )  # (d, 3k), (d, 2k)

    topic = torch.randperm(n_samples) % 2**k  # (B,), its k bits are the signs in c
    bits = topic.unsqueeze(-1) >> torch.arange(k) & 1  # (B, k)
    c = (1.0 - 2.0 * bits).unsqueeze(1).expand(-1, seq_len, -1)  # (B, T, k), the same for all tokens
    a = torch.randn(n_samples, seq_len, k).sign()  # (B, T, k)
    b = torch.randn(n_samples, seq_len, k).sign()  # (B, T, k)
    noise = torch.randn(n_samples, seq_len, d_model)  # (B, T, d)

    PVW = inputs.to(noise)
    U = outputs.to(noise) * math.sqrt(d_model / k)
    noise = noise - noise @ PVW @ PVW.T
    x = 4 * torch.cat([c, a, b], dim=-1) @ PVW.T + noise / 2
    y = x + torch.cat([0.3 * c, 0.15 * a * b], dim=-1) @ U.T
    return x, y
