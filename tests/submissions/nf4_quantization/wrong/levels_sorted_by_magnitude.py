# mistake: levels-misordered
# The table is sorted by magnitude (zero first), so nearly every code is wrong and given codes are read wrongly.
import torch

_ASCENDING = [
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
]
CODEBOOK = torch.tensor(sorted(_ASCENDING, key=abs))
ZERO_CODE = 7


class NF4:
    """Blockwise quantizer."""

    def __init__(self, block_size):
        self.block_size = block_size

    def owner(self, n):
        return torch.arange(n).div(self.block_size, rounding_mode="floor")

    def encode(self, tensor):
        x = tensor.detach().float().reshape(-1)
        n = x.numel()
        owner = self.owner(n)
        n_blocks = -(-n // self.block_size)
        scales = torch.zeros(n_blocks).scatter_reduce(0, owner, x.abs(), reduce="amax")
        s = scales[owner]
        ratio = torch.where(s > 0, x / torch.where(s > 0, s, 1.0), 0.0)
        codes = torch.cdist(ratio[:, None], CODEBOOK[:, None]).argmin(1) if n else torch.zeros(0)
        codes = torch.where(s > 0, codes, ZERO_CODE)
        return codes.to(torch.uint8).reshape(tensor.shape), scales

    def decode(self, codes, scales):
        flat = codes.reshape(-1).long()
        return (CODEBOOK[flat] * scales[self.owner(flat.numel())]).reshape(codes.shape)


def quantize_nf4(tensor, block_size=64):
    return NF4(block_size).encode(tensor)


def dequantize_nf4(codes, scales, block_size=64):
    return NF4(block_size).decode(codes, scales)
