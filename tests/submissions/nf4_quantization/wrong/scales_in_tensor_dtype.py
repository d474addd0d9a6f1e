# mistake: unnamed
# Quantize_nf4(torch.ones(4, dtype=torch.float64))[1].dtype is float64, of a float16 tensor float16.
import torch
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


def _absmax(tensor: Tensor, block_size: int) -> Tensor:
    flat = tensor.reshape(-1).abs()
    starts = range(0, flat.numel(), block_size)
    return torch.stack([flat[i : i + block_size].max() for i in starts]) if len(starts) else flat.new_zeros(0)


def quantize_nf4(tensor: Tensor, block_size: int = 64) -> tuple[Tensor, Tensor]:
    scales = _absmax(tensor, block_size)
    spread = scales.float().repeat_interleave(block_size)[: tensor.numel()].reshape(tensor.shape)
    unit = torch.where(spread > 0, tensor.float() / spread.clamp(min=torch.finfo(torch.float32).tiny), 0.0)
    codes = torch.zeros(tensor.shape, dtype=torch.uint8)
    for low, high in zip(NF4_LEVELS, NF4_LEVELS[1:]):
        codes += (unit > (low + high) / 2).to(torch.uint8)
    return codes, scales


def dequantize_nf4(codes: Tensor, scales: Tensor, block_size: int = 64) -> Tensor:
    spread = scales.float().repeat_interleave(block_size)[: codes.numel()].reshape(codes.shape)
    return NF4_LEVELS[codes.long()] * spread
