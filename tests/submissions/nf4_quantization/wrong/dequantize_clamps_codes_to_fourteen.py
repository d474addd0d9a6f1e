# mistake: unnamed
# dequantize clamps the codes to 14 (off by one), so the largest positive value of a block comes back as 0.72 of itself.
import torch

NF4_LEVELS = torch.tensor([
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
])


def quantize_nf4(tensor, block_size=64):
    flat = tensor.detach().float().reshape(-1)
    codes = torch.full_like(flat, 7, dtype=torch.uint8)
    scales = []
    for i in range(0, flat.numel(), block_size):
        block = flat[i:i + block_size]
        scales.append(block.abs().max().item())
        if scales[-1] > 0:
            codes[i:i + block_size] = ((block / scales[-1])[:, None] - NF4_LEVELS).abs().argmin(1).to(torch.uint8)
    return codes.reshape(tensor.shape), torch.tensor(scales, dtype=torch.float32)


def dequantize_nf4(codes, scales, block_size=64):
    index = codes.long().clamp(0, len(NF4_LEVELS) - 2)
    ids = torch.arange(codes.numel()) // block_size
    return NF4_LEVELS[index] * scales[ids].reshape(codes.shape)
