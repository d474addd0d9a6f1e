# an nn.Module holds the levels as a buffer, the functions call it under inference_mode
import torch
from torch import nn


class NF4(nn.Module):
    def __init__(self, block_size):
        super().__init__()
        self.block_size = block_size
        self.register_buffer("levels", torch.tensor([
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
        ]))

    def to_blocks(self, flat):
        short = -flat.numel() % self.block_size
        return nn.functional.pad(flat, (0, short)).reshape(-1, self.block_size)

    def forward(self, tensor):
        blocks = self.to_blocks(tensor.to(self.levels.dtype).flatten())
        scales = torch.maximum(blocks.amax(1), -blocks.amin(1))
        divisor = torch.where(scales == 0, torch.full_like(scales, torch.inf), scales)
        distance = (blocks / divisor[:, None]).unsqueeze(-1).sub(self.levels).square()
        codes = distance.argmin(-1).flatten()[: tensor.numel()]
        return codes.to(torch.uint8).reshape(tensor.shape), scales

    def inverse(self, codes, scales):
        rows = self.to_blocks(codes.flatten().long())
        return (self.levels[rows] * scales[:, None]).flatten()[: codes.numel()].reshape(codes.shape)


def quantize_nf4(tensor, block_size=64):
    with torch.no_grad():
        return NF4(block_size)(tensor)


def dequantize_nf4(codes, scales, block_size=64):
    with torch.no_grad():
        return NF4(block_size).inverse(codes, scales)
