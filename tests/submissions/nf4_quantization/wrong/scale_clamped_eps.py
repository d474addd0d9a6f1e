# mistake: unnamed
# Quantize_nf4(torch.zeros(4))[1] is 1e-8, should be 0.
import torch
from torch import nn
import torch.nn.functional as F

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


def quantize_nf4(tensor: torch.Tensor, block_size: int = 64) -> tuple[torch.Tensor, torch.Tensor]:
    flat = tensor.detach().to(torch.float32).reshape(-1)
    n = flat.numel()
    pad = (-n) % block_size
    blocks = F.pad(flat, (0, pad)).view(-1, block_size)
    if n == 0:
        return torch.empty(tensor.shape, dtype=torch.uint8), torch.empty(0)
    scales = blocks.abs().max(dim=1, keepdim=True).values.clamp(min=1e-8)  # avoid division by zero
    normed = blocks / scales
    codes = (normed.unsqueeze(-1) - NF4_LEVELS).abs().argmin(dim=-1)
    return codes.view(-1)[:n].view(tensor.shape).to(torch.uint8), scales.squeeze(1)


def dequantize_nf4(codes: torch.Tensor, scales: torch.Tensor, block_size: int = 64) -> torch.Tensor:
    n = codes.numel()
    vals = NF4_LEVELS[codes.reshape(-1).long()]
    s = scales.repeat_interleave(block_size)[:n]
    return (vals * s).view(codes.shape)
