# a class with the public functions as bound methods of one instance
import torch


class NormalFloat4:
    CODE_OF_ZERO = 7

    def __init__(self):
        self.levels = torch.tensor([
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
        ])
        self.thresholds = (self.levels[1:] + self.levels[:-1]).div(2)

    @staticmethod
    def blocks(flat, block_size):
        return torch.split(flat, block_size) if flat.numel() else ()

    def encode_block(self, block):
        scale = block.abs().max()
        if scale.item() == 0:
            return torch.full_like(block, self.CODE_OF_ZERO, dtype=torch.uint8), scale
        return torch.bucketize(block / scale, self.thresholds, out_int32=True).byte(), scale

    def quantize_nf4(self, tensor, block_size=64):
        pairs = [self.encode_block(block) for block in self.blocks(tensor.float().reshape(-1), block_size)]
        if not pairs:
            return tensor.new_zeros(tensor.shape, dtype=torch.uint8), torch.tensor([], dtype=torch.float32)
        codes, scales = zip(*pairs)
        return torch.cat(codes).reshape(tensor.shape), torch.stack(scales)

    def dequantize_nf4(self, codes, scales, block_size=64):
        blocks = self.blocks(codes.reshape(-1), block_size)
        values = [self.levels[block.long()] * scale for block, scale in zip(blocks, scales)]
        return torch.cat([torch.empty(0), *values]).reshape(codes.shape)


_nf4 = NormalFloat4()
NF4_LEVELS = _nf4.levels
quantize_nf4 = _nf4.quantize_nf4
dequantize_nf4 = _nf4.dequantize_nf4
