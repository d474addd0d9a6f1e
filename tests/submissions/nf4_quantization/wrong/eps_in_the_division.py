# mistake: unnamed
# Quantize_nf4(torch.tensor([1e-6, 2e-7])): value / scale is 1 and 0.2, gives codes 12 and 8, should be 15 and 9.
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

EPS = 1e-6


def quantize_nf4(tensor: torch.Tensor, block_size: int = 64) -> tuple[torch.Tensor, torch.Tensor]:
    x = tensor.float().reshape(-1)
    codes = torch.empty(x.shape, dtype=torch.uint8)
    scales = torch.empty((x.numel() + block_size - 1) // block_size)
    thresholds = 0.5 * (NF4_LEVELS[:-1] + NF4_LEVELS[1:])
    for i, chunk in enumerate(x.split(block_size) if len(x) else ()):
        absmax = chunk.abs().max()
        scales[i] = absmax
        codes[i * block_size : i * block_size + len(chunk)] = torch.searchsorted(thresholds, chunk / (absmax + EPS))
    return codes.reshape(tensor.shape), scales


def dequantize_nf4(codes: torch.Tensor, scales: torch.Tensor, block_size: int = 64) -> torch.Tensor:
    block_of = torch.arange(codes.numel()) // block_size
    return NF4_LEVELS[codes.long()] * scales[block_of].reshape(codes.shape)
