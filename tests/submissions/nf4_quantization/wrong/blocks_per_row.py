# mistake: unnamed
# Quantize_nf4(torch.randn(3, 100), 64) gives 6 scales, should be 5.
import torch
from torch import nn

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
MIDS = (NF4_LEVELS[1:] + NF4_LEVELS[:-1]) / 2


def quantize_nf4(tensor: torch.Tensor, block_size: int = 64) -> tuple[torch.Tensor, torch.Tensor]:
    """Each output row of a weight is quantized in groups of block_size, like GPTQ/AWQ groups."""
    if tensor.numel() == 0:
        return torch.zeros(tensor.shape, dtype=torch.uint8), torch.zeros(0)
    w = tensor.float()
    rows = w.reshape(-1, w.shape[-1]) if w.dim() > 0 else w.reshape(1, 1)
    codes = torch.zeros(rows.shape, dtype=torch.uint8)
    scales = []
    for r in range(rows.shape[0]):
        for c in range(0, rows.shape[1], block_size):
            group = rows[r, c : c + block_size]
            s = group.abs().max()
            scales.append(s)
            if s == 0:
                codes[r, c : c + block_size] = 7
            else:
                codes[r, c : c + block_size] = torch.bucketize(group / s, MIDS).to(torch.uint8)
    return codes.reshape(tensor.shape), torch.stack(scales)


def dequantize_nf4(codes: torch.Tensor, scales: torch.Tensor, block_size: int = 64) -> torch.Tensor:
    if codes.numel() == 0:
        return torch.zeros(codes.shape)
    rows = codes.reshape(-1, codes.shape[-1]) if codes.dim() > 0 else codes.reshape(1, 1)
    out = torch.zeros(rows.shape)
    k = 0
    for r in range(rows.shape[0]):
        for c in range(0, rows.shape[1], block_size):
            out[r, c : c + block_size] = NF4_LEVELS[rows[r, c : c + block_size].long()] * scales[k]
            k += 1
    return out.reshape(codes.shape)
