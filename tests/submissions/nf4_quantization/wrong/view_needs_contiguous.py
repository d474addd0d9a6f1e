# mistake: unnamed
# Codes.view(-1) in dequantize raises for non-contiguous codes.
import torch

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

def quantize_nf4(tensor, block_size=64):
    x = tensor.reshape(-1).float()
    n = x.numel()
    if n == 0:
        return torch.empty(tensor.shape, dtype=torch.uint8), torch.empty(0)
    blocks = torch.nn.functional.pad(x, (0, -n % block_size)).view(-1, block_size)
    scales = blocks.abs().amax(dim=1)
    y = blocks / torch.where(scales == 0, torch.ones_like(scales), scales)[:, None]
    codes = (y[..., None] - NF4_LEVELS).abs().argmin(-1)
    return codes.view(-1)[:n].to(torch.uint8).reshape(tensor.shape), scales

def dequantize_nf4(codes, scales, block_size=64):
    flat = codes.view(-1).long()
    each = scales.repeat_interleave(block_size)[: flat.numel()]
    return (NF4_LEVELS[flat] * each).view(codes.shape)
