# style: recursion: halves the list of blocks until one is left, joins the results
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
CUTS = (NF4_LEVELS[:-1] + NF4_LEVELS[1:]).div(2)


def _solve(flat, size):
    if flat.numel() <= size:
        if not flat.numel():
            return flat.to(torch.uint8), flat
        top = flat.abs().max().reshape(1)
        if top.item() == 0.0:
            return torch.full(flat.shape, 7, dtype=torch.uint8), torch.zeros(1)
        return (flat.div(top)[:, None] > CUTS).sum(1, dtype=torch.uint8), top
    blocks = (flat.numel() + size - 1) // size
    cut = blocks // 2 * size
    left, right = _solve(flat[:cut], size), _solve(flat[cut:], size)
    return torch.cat((left[0], right[0])), torch.cat((left[1], right[1]))


def quantize_nf4(tensor, block_size=64):
    codes, scales = _solve(tensor.ravel().float(), block_size)
    return codes.reshape(tensor.shape), scales


def dequantize_nf4(codes, scales, block_size=64):
    if codes.numel() == 0:
        return torch.zeros(codes.shape)
    if len(scales) == 1:
        return NF4_LEVELS[codes.long()] * scales[0]
    flat, half = codes.reshape(-1), len(scales) // 2
    return torch.cat([dequantize_nf4(flat[: half * block_size], scales[:half], block_size),
                      dequantize_nf4(flat[half * block_size:], scales[half:], block_size)]).reshape(codes.shape)
