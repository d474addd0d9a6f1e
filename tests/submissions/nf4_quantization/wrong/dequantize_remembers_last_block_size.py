# mistake: unnamed
# dequantize uses the block size of the last quantize call instead of its own argument, which shows when another call came in between.
import torch

NF4_LEVELS = torch.tensor([
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
])


class _Quantizer:
    def __init__(self):
        self.block_size = None

    def quantize(self, tensor, block_size):
        self.block_size = block_size
        flat = tensor.detach().float().reshape(-1)
        ids = torch.arange(flat.numel()) // block_size
        scales = torch.zeros(-(-flat.numel() // block_size)).scatter_reduce(0, ids, flat.abs(), "amax")
        unit = flat / scales.masked_fill(scales == 0, 1)[ids]
        codes = (unit[:, None] - NF4_LEVELS).abs().argmin(1).to(torch.uint8)
        return codes.reshape(tensor.shape), scales

    def dequantize(self, codes, scales, block_size):
        size = self.block_size or block_size
        ids = torch.arange(codes.numel()) // size
        return NF4_LEVELS[codes.long()] * scales[ids].reshape(codes.shape)


_quantizer = _Quantizer()


def quantize_nf4(tensor, block_size=64):
    return _quantizer.quantize(tensor, block_size)


def dequantize_nf4(codes, scales, block_size=64):
    return _quantizer.dequantize(codes, scales, block_size)
