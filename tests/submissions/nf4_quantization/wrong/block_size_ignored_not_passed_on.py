# mistake: block-size-ignored
# quantize builds its helper without handing block_size over, so it falls back to the default of 64 when another is asked for.
from dataclasses import dataclass

import torch

NF4_LEVELS = torch.tensor([
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
])


@dataclass
class BlockQuantizer:
    block_size: int = 64

    def blocks(self, flat):
        for start in range(0, flat.numel(), self.block_size):
            yield flat[start:start + self.block_size]

    def quantize(self, tensor):
        codes = [torch.zeros(0, dtype=torch.uint8)]
        scales = []
        for block in self.blocks(tensor.detach().float().reshape(-1)):
            absmax = float(block.abs().max())
            scales.append(absmax)
            unit = block / absmax if absmax > 0 else block
            codes.append((unit[:, None] - NF4_LEVELS).abs().argmin(1).to(torch.uint8))
        return torch.cat(codes).reshape(tensor.shape), torch.tensor(scales, dtype=torch.float32)

    def dequantize(self, codes, scales):
        parts = [torch.zeros(0)]
        for block, scale in zip(self.blocks(codes.reshape(-1)), scales):
            parts.append(NF4_LEVELS[block.long()] * scale)
        return torch.cat(parts).reshape(codes.shape)


def quantize_nf4(tensor, block_size=64):
    return BlockQuantizer().quantize(tensor)


def dequantize_nf4(codes, scales, block_size=64):
    return BlockQuantizer(block_size).dequantize(codes, scales)
