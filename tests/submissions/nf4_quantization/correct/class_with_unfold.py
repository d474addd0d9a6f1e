# class with unfold
import torch
from torch import nn


class NF4(nn.Module):
    def __init__(self):
        super().__init__()
        levels = [-1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635, -0.18477343022823334,
                  -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
                  0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0]
        self.register_buffer("levels", torch.tensor(levels, dtype=torch.float64))

    def blocks(self, flat, size):
        padded = flat.new_zeros(-(-flat.numel() // size) * size)
        padded[: flat.numel()] = flat
        return padded.unfold(0, size, size) if padded.numel() else padded.reshape(0, size)

    @torch.no_grad()
    def encode(self, tensor, size):
        b = self.blocks(tensor.to(torch.float64).reshape(-1), size)
        s = b.abs().amax(1)
        safe = s + (s == 0)
        d = torch.stack([(b / safe[:, None] - level).square() for level in self.levels])
        codes = d.argmin(0).flatten()[: tensor.numel()]
        return codes.to(torch.uint8).reshape(tensor.shape), s.to(torch.float32)

    @torch.no_grad()
    def decode(self, codes, scales, size):
        b = self.levels.gather(0, codes.reshape(-1).long())
        s = scales.to(torch.float64).repeat_interleave(size).narrow(0, 0, codes.numel())
        return (b * s).to(torch.float32).reshape(codes.shape)


_NF4 = NF4()
NF4_LEVELS = _NF4.levels


def quantize_nf4(tensor, block_size=64):
    return _NF4.encode(tensor, block_size)


def dequantize_nf4(codes, scales, block_size=64):
    return _NF4.decode(codes, scales, block_size)
