import torch

NF4_LEVELS = torch.tensor([
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
])


def quantize_nf4(tensor, block_size=64):
    flat = tensor.reshape(-1).float()
    codes = torch.zeros(flat.numel(), dtype=torch.uint8)
    scales = []

    for i in range(0, flat.numel(), block_size):
        block = flat[i:i + block_size]
        scale = block.abs().max()
        scales.append(scale.item())
        if scale == 0:
            codes[i:i + block_size] = 7
        else:
            normalized = block / scale
            # levels are sorted, so searchsorted finds the right one
            idx = torch.searchsorted(NF4_LEVELS, normalized, right=True) - 1
            codes[i:i + block_size] = idx.to(torch.uint8)

    return codes.reshape(tensor.shape), torch.tensor(scales, dtype=torch.float32)


def dequantize_nf4(codes, scales, block_size=64):
    flat = codes.reshape(-1)
    out = torch.zeros(flat.numel())
    for b in range(len(scales)):
        start, end = b * block_size, (b + 1) * block_size
        out[start:end] = NF4_LEVELS[flat[start:end].long()] * scales[b]
    return out.reshape(codes.shape)
