# mistake: unnamed
# 1e-3 is added to every scale against division by zero, so no scale is the largest absolute value.
import torch
import torch.nn.functional as F

NF4_LEVELS = torch.tensor([
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
])
EPS = 1e-3


def quantize_nf4(tensor, block_size=64):
    flat = tensor.detach().float().reshape(-1)
    n = flat.numel()
    bs = min(block_size, max(n, 1))
    blocks = F.pad(flat, (0, -n % bs)).view(-1, bs)
    scales = blocks.abs().amax(dim=1) + EPS
    codes = (blocks[..., None] / scales[:, None, None] - NF4_LEVELS).abs().argmin(-1)
    return codes.view(-1)[:n].to(torch.uint8).reshape(tensor.shape), scales


def dequantize_nf4(codes, scales, block_size=64):
    n = codes.numel()
    values = NF4_LEVELS[codes.reshape(-1).long()]
    return (values * scales[torch.arange(n) // block_size]).reshape(codes.shape)
