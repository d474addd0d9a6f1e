# mistake: unnamed
# Quantize_nf4(torch.tensor([0.5, -0.25])) gives scale 1, should be 0.5.
import torch
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
MIDDLES = (NF4_LEVELS[1:] + NF4_LEVELS[:-1]) / 2


class PaddedBlocks:
    """A 1-D tensor as a matrix of blocks; padding with 1 (not 0), so that no block divides by zero because of it."""

    def __init__(self, flat, block_size):
        self.n = flat.numel()
        self.matrix = F.pad(flat, (0, (block_size - self.n % block_size) % block_size), value=1.0)
        self.matrix = self.matrix.reshape(-1, block_size)

    def unpad(self, matrix):
        return matrix.reshape(-1)[: self.n]


def quantize_nf4(tensor: torch.Tensor, block_size: int = 64) -> tuple[torch.Tensor, torch.Tensor]:
    if tensor.numel() == 0:
        return torch.zeros(tensor.shape, dtype=torch.uint8), torch.zeros(0)
    blocks = PaddedBlocks(tensor.reshape(-1).float(), block_size)
    scales = blocks.matrix.abs().amax(1)
    divisor = torch.where(scales > 0, scales, torch.ones(()))
    codes = torch.bucketize(blocks.matrix / divisor.unsqueeze(1), MIDDLES)
    return blocks.unpad(codes).to(torch.uint8).reshape(tensor.shape), scales


def dequantize_nf4(codes: torch.Tensor, scales: torch.Tensor, block_size: int = 64) -> torch.Tensor:
    blocks = PaddedBlocks(NF4_LEVELS[codes.reshape(-1).long()], block_size)
    return blocks.unpad(blocks.matrix * scales.unsqueeze(1)).reshape(codes.shape)
