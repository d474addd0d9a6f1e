# mistake: unnamed
# Squares of unnormalised float32 distances overflow for values above 1e19 and vanish below 1e-22.
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
    if x.numel() == 0:
        return x.to(torch.uint8).reshape(tensor.shape), x.clone()
    codes, scales = [], []
    for block in x.split(block_size):
        s = block.abs().max()
        grid = s * NF4_LEVELS
        c = ((block[:, None] - grid) ** 2).argmin(dim=1)
        codes.append(c if s > 0 else torch.full_like(c, 7))
        scales.append(s)
    return torch.cat(codes).to(torch.uint8).reshape(tensor.shape), torch.stack(scales)


def dequantize_nf4(codes, scales, block_size=64):
    values = NF4_LEVELS[codes.long()].reshape(-1)
    return (values * scales.repeat_interleave(block_size)[: values.numel()]).reshape(codes.shape)
