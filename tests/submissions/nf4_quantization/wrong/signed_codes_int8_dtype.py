# mistake: signed-codes
# The codes are right but come as torch.int8 instead of torch.uint8.
import torch

NF4_LEVELS = torch.tensor([
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
])


def quantize_nf4(tensor, block_size=64):
    flat = tensor.detach().float().ravel()
    n = flat.numel()
    codes = torch.zeros(n, dtype=torch.int8)
    scales = torch.zeros(-(-n // block_size), dtype=torch.float32)
    for j, i in enumerate(range(0, n, block_size)):
        block = flat[i:i + block_size]
        peak = block.abs().max()
        scales[j] = peak
        normal = block / peak if peak else block
        codes[i:i + block_size] = (normal[:, None] - NF4_LEVELS[None, :]).abs().min(dim=1).indices.to(torch.int8)
    return codes.view(tensor.shape), scales


def dequantize_nf4(codes, scales, block_size=64):
    flat = codes.ravel().to(torch.int64)
    out = NF4_LEVELS.index_select(0, flat)
    for j, i in enumerate(range(0, flat.numel(), block_size)):
        out[i:i + block_size] *= scales[j]
    return out.view(codes.shape)
