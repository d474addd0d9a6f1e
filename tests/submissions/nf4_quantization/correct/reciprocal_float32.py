# style: multiplies by the reciprocal of the scale instead of dividing, all in float32
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
EDGES = 0.5 * (NF4_LEVELS[1:] + NF4_LEVELS[:-1])


def quantize_nf4(tensor, block_size=64):
    flat = torch.flatten(tensor).to(torch.float32)
    n, k = flat.numel(), (flat.numel() + block_size - 1) // block_size
    out = torch.empty(n, dtype=torch.uint8)
    scales = torch.empty(k, dtype=torch.float32)
    for i in range(k):
        window = slice(i * block_size, min((i + 1) * block_size, n))
        scales[i] = flat[window].abs().max()
        r = 1.0 / scales[i] if scales[i] > 0 else torch.tensor(0.0)
        out[window] = (flat[window] * r).gt(EDGES.unsqueeze(-1)).sum(0)
    return out.unflatten(0, tensor.shape) if tensor.ndim > 1 else out.reshape(tensor.shape), scales


def dequantize_nf4(codes, scales, block_size=64):
    n = codes.numel()
    flat = NF4_LEVELS[codes.reshape(-1).tolist()] if n else torch.empty(0)
    for i in range(0, n, block_size):
        flat[i:i + block_size] = flat[i:i + block_size] * scales[i // block_size]
    return flat.reshape(codes.shape)
