# style: torch.cdist with p=1 (exact differences), scales as the 1 x n distance to zero
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
    shape, flat = tensor.shape, tensor.to(torch.float32).reshape(-1, 1)
    if flat.shape[0] == 0:
        return torch.empty(shape, dtype=torch.uint8), torch.empty([0])
    groups = [flat[i:i + block_size] for i in range(0, flat.shape[0], block_size)]
    scales = torch.stack([torch.dist(g, torch.zeros_like(g), p=float("inf")) for g in groups])
    codes = [torch.cdist(g / s if s != 0 else g, NF4_LEVELS.view(16, 1), p=1.0).argmin(1) for g, s in zip(groups, scales)]
    return torch.cat(codes).reshape(shape).to(torch.uint8), scales


def dequantize_nf4(codes, scales, block_size=64):
    result = []
    for i, group in enumerate(codes.reshape(-1).split(block_size)):
        result.append(NF4_LEVELS[group.long()] * (scales[i] if group.numel() else 1.0))
    return torch.cat(result).reshape(codes.shape)
