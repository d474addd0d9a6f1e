# mistake: unnamed
# The levels are typed with two digits only, so dequantized values are off by up to 0.005 of the scale.
import torch

LEVELS = torch.tensor([-1, -.70, -.53, -.39, -.28, -.18, -.09, 0, .08, .16, .25, .34, .44, .56, .72, 1])


def quantize_nf4(tensor, block_size=64):
    x = tensor.detach().float().reshape(-1)
    n = x.numel()
    b = torch.arange(n) // block_size
    scales = torch.zeros(-(-n // block_size)).scatter_reduce(0, b, x.abs(), "amax")
    x = x / scales[b].masked_fill(scales[b] == 0, 1.0)
    codes = torch.bucketize(x, (LEVELS[:-1] + LEVELS[1:]) / 2)
    return codes.to(torch.uint8).reshape(tensor.shape), scales


def dequantize_nf4(codes, scales, block_size=64):
    b = torch.arange(codes.numel()) // block_size
    return LEVELS[codes.long()] * scales[b].reshape(codes.shape)
