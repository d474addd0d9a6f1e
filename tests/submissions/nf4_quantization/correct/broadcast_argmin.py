# who: Mei, computer-vision master's student, einops habits, comments every shape; unusual: pads to a block matrix and argmins over 16 distances
import torch
import torch.nn.functional as F
from torch import Tensor

# The 16 levels of NF4, ascending from -1 to 1; level 7 is 0.
# Dettmers et al. 2023, "QLoRA", arXiv 2305.14314, Appendix E.
NF4_LEVELS = torch.tensor(
    [
        -1.0,
        -0.6961928009986877,
        -0.5250730514526367,
        -0.39491748809814453,
        -0.28444138169288635,
        -0.18477343022823334,
        -0.09105003625154495,
        0.0,
        0.07958029955625534,
        0.16093020141124725,
        0.24611230194568634,
        0.33791524171829224,
        0.44070982933044434,
        0.5626170039176941,
        0.7229568362236023,
        1.0,
    ]
)


def quantize_nf4(tensor: Tensor, block_size: int = 64) -> tuple[Tensor, Tensor]:
    """(any shape) -> codes (same shape) uint8, scales (n_blocks,) float32."""
    x = tensor.float().flatten()                                  # (N,)
    N = x.shape[0]
    if N == 0:
        return torch.empty(tensor.shape, dtype=torch.uint8), torch.empty(0)
    bs = min(block_size, N)
    x = F.pad(x, (0, -N % bs)).unflatten(0, (-1, bs))             # (n_blocks, bs)
    scales = x.abs().amax(dim=1)                                  # (n_blocks,)
    x = x / scales.masked_fill(scales == 0, 1.0)[:, None]         # (n_blocks, bs) in [-1, 1]
    dist = (x[..., None] - NF4_LEVELS).abs()                      # (n_blocks, bs, 16)
    codes = dist.argmin(-1).flatten()[:N]                         # (N,)
    return codes.view(tensor.shape).to(torch.uint8), scales


def dequantize_nf4(codes: Tensor, scales: Tensor, block_size: int = 64) -> Tensor:
    N = codes.numel()
    if N == 0:
        return torch.empty(codes.shape)
    lv = NF4_LEVELS[codes.long()].flatten()                       # (N,)
    bs = min(block_size, N)
    lv = F.pad(lv, (0, -N % bs)).view(-1, bs)                     # (n_blocks, bs)
    return (lv * scales[:, None]).flatten()[:N].view(codes.shape)
