# mistake: signed-max-scale
# max(block, key=abs) keeps the sign, so a block whose largest magnitude is negative has a negative scale and mirrored codes.
import torch

NF4_LEVELS = [
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
]


def nearest(x):
    return min(range(16), key=lambda k: abs(NF4_LEVELS[k] - x))


def quantize_nf4(tensor, block_size=64):
    data = tensor.detach().float().reshape(-1).tolist()
    blocks = [data[i:i + block_size] for i in range(0, len(data), block_size)]
    scales = [max(block, key=abs) for block in blocks]
    codes = [nearest(v / s) if s != 0 else 7 for block, s in zip(blocks, scales) for v in block]
    codes = torch.tensor(codes, dtype=torch.uint8).reshape(tensor.shape)
    return codes, torch.tensor(scales, dtype=torch.float32)


def dequantize_nf4(codes, scales, block_size=64):
    s = scales.tolist()
    flat = codes.reshape(-1).tolist()
    values = [NF4_LEVELS[c] * s[i // block_size] for i, c in enumerate(flat)]
    return torch.tensor(values, dtype=torch.float32).reshape(codes.shape)
