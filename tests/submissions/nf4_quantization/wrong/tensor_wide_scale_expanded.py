# mistake: tensor-wide-scale
# Every block gets the largest absolute value of the whole tensor as its scale; shows as soon as two blocks differ.
import torch
import torch.nn.functional as F

NF4_LEVELS = torch.tensor([
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
])
MIDS = (NF4_LEVELS[:-1] + NF4_LEVELS[1:]) / 2


def quantize_nf4(tensor, block_size=64):
    flat = tensor.detach().float().reshape(-1)
    n = flat.numel()
    n_blocks = (n + block_size - 1) // block_size
    if n == 0:
        return torch.zeros(tensor.shape, dtype=torch.uint8), torch.zeros(0)
    scale = flat.abs().max()
    normalized = flat / scale if scale.item() != 0 else torch.zeros_like(flat)
    codes = torch.bucketize(normalized, MIDS)
    return codes.to(torch.uint8).reshape(tensor.shape), scale.repeat(n_blocks)


def dequantize_nf4(codes, scales, block_size=64):
    n = codes.numel()
    values = F.embedding(codes.reshape(-1).long(), NF4_LEVELS[:, None]).squeeze(1)
    block = torch.arange(n) // block_size
    return (values * scales[block]).reshape(codes.shape)
