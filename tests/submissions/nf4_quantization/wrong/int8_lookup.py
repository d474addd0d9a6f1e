# mistake: unnamed
# Quantize_nf4(torch.tensor([1.0, 0.1219])) gives code 8 for 0.1219, should be 9.
import torch

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

# one code for each int8 value: -127 ... 127, made once
LUT = (torch.arange(-127, 128).div(127.0)[:, None] - NF4_LEVELS).abs().argmin(1).to(torch.uint8)


def to_int8(unit):
    return torch.round(unit * 127).to(torch.int16)


def quantize_nf4(tensor: torch.Tensor, block_size: int = 64):
    """absmax int8 first (as in LLM.int8()), then NF4 is a table of 255 entries: no search at run time"""
    flat = tensor.reshape(-1).float()
    n = flat.numel()
    scales = torch.stack([b.abs().max() for b in flat.split(block_size)]) if n else torch.zeros(0)
    s = scales.repeat_interleave(block_size)[:n]
    unit = torch.where(s > 0, flat / torch.where(s > 0, s, 1.0), 0.0)
    codes = LUT[to_int8(unit).long() + 127]
    return codes.reshape(tensor.shape), scales


def dequantize_nf4(codes: torch.Tensor, scales: torch.Tensor, block_size: int = 64):
    s = scales.repeat_interleave(block_size)[: codes.numel()]
    return NF4_LEVELS[codes.long()] * s.reshape(codes.shape)
