# mistake: unnamed
# Quantize_nf4(ones(3)): scales has shape ().
import torch
import torch.nn.functional as F

NF4_LEVELS = torch.tensor(
    [
        -1.0,
        -0.6961928009986877,
        -0.5250730514526367,
        -0.39491748809814453,
        -0.28444138169288635,
        -0.18477343022823334,
        -0.09105003625154495,
        0.0,
        0.07958029955625534,
        0.16093020141124725,
        0.24611230194568634,
        0.33791524171829224,
        0.44070982933044434,
        0.5626170039176941,
        0.7229568362236023,
        1.0,
    ]
)

_MID = torch.lerp(NF4_LEVELS[:-1], NF4_LEVELS[1:], 0.5)


def quantize_nf4(tensor, block_size=64):
    n = tensor.numel()
    if n == 0:
        return torch.empty_like(tensor, dtype=torch.uint8), torch.empty(0)
    blocks = F.pad(tensor.float().reshape(-1), (0, -n % block_size)).reshape(-1, block_size)
    scales = blocks.abs().amax(dim=1, keepdim=True)
    codes = torch.bucketize(blocks / scales.masked_fill(scales == 0, 1), _MID)
    return codes.flatten()[:n].reshape(tensor.shape).byte(), scales.squeeze()


def dequantize_nf4(codes, scales, block_size=64):
    idx = torch.arange(codes.numel()) // block_size
    return NF4_LEVELS[codes.long()] * scales.reshape(-1)[idx].reshape(codes.shape)
