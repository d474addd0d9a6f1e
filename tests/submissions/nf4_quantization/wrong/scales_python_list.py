# mistake: unnamed
# The scales come as a plain Python list of floats, not as a float32 tensor.
import torch

NF4_LEVELS = [
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
]


def quantize_nf4(tensor, block_size=64):
    flat = tensor.detach().float().reshape(-1)
    levels = torch.tensor(NF4_LEVELS)
    codes = torch.full((flat.numel(),), 7, dtype=torch.uint8)
    scales = []
    for i in range(0, flat.numel(), block_size):
        scale = flat[i:i + block_size].abs().max().item()
        scales.append(scale)
        if scale:
            d = (flat[i:i + block_size] / scale).unsqueeze(1) - levels
            codes[i:i + block_size] = d.abs().argmin(1).to(torch.uint8)
    return codes.reshape(tensor.shape), scales


def dequantize_nf4(codes, scales, block_size=64):
    levels = torch.tensor(NF4_LEVELS)
    s = torch.as_tensor(scales, dtype=torch.float32)
    ids = torch.arange(codes.numel()) // block_size
    return levels[codes.long()] * s[ids].reshape(codes.shape)
