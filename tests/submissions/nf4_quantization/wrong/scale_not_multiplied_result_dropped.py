# mistake: scale-not-multiplied-back
# mul returns a new tensor that is thrown away, so dequantize returns the bare levels.
import torch

NF4_LEVELS = torch.tensor([
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
])
thresholds = (NF4_LEVELS[:-1] + NF4_LEVELS[1:]) / 2


def quantize_nf4(tensor, block_size=64):
    flat = tensor.detach().to(dtype=torch.float32).flatten()
    if flat.numel() == 0:
        return torch.zeros(tensor.shape, dtype=torch.uint8), torch.zeros(0)
    codes = []
    scales = []
    for block in flat.split(block_size):
        m = block.abs().max()
        scales.append(m)
        codes.append(torch.bucketize(block / m if m > 0 else block, thresholds))
    return torch.cat(codes).to(torch.uint8).reshape(tensor.shape), torch.stack(scales)


def dequantize_nf4(codes, scales, block_size=64):
    values = NF4_LEVELS[codes.flatten().long()]
    for block, scale in zip(values.split(block_size), scales):
        block.mul(scale)
    return values.reshape(codes.shape)
