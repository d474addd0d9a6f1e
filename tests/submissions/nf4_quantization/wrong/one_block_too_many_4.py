# mistake: unnamed
# Quantize_nf4(torch.ones(64))[1] has 2 entries, should be 1.
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


def quantize_nf4(tensor: torch.Tensor, block_size: int = 64) -> tuple[torch.Tensor, torch.Tensor]:
    flat = tensor.reshape(-1).float()
    if flat.numel() == 0:
        return torch.zeros(tensor.shape, dtype=torch.uint8), torch.zeros(0)
    n_blocks = flat.numel() // block_size + 1        # + 1 for the shorter one at the end
    padded = torch.zeros(n_blocks * block_size)
    padded[: flat.numel()] = flat
    padded = padded.reshape(n_blocks, block_size)

    scales = padded.abs().amax(dim=1)
    safe = torch.where(scales == 0, 1.0, scales)
    x = (padded / safe[:, None]).reshape(-1)[: flat.numel()]
    codes = sum((x > (a + b) / 2).to(torch.uint8) for a, b in zip(NF4_LEVELS[:-1], NF4_LEVELS[1:]))
    return codes.reshape(tensor.shape), scales


def dequantize_nf4(codes: torch.Tensor, scales: torch.Tensor, block_size: int = 64) -> torch.Tensor:
    flat = NF4_LEVELS[codes.long()].reshape(-1)
    s = scales.repeat_interleave(block_size)[: flat.numel()]
    return (flat * s).reshape(codes.shape)
