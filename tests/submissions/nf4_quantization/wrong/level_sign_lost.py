# mistake: unnamed
# Level 6 has lost its minus sign in the dequantization table only, so code 6 becomes positive.
import torch

NF4_LEVELS = [
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
]
_LOOKUP = {
    0: -1.0, 1: -0.6961928009986877, 2: -0.5250730514526367, 3: -0.39491748809814453,
    4: -0.28444138169288635, 5: -0.18477343022823334, 6: 0.09105003625154495, 7: 0.0,
    8: 0.07958029955625534, 9: 0.16093020141124725, 10: 0.24611230194568634, 11: 0.33791524171829224,
    12: 0.44070982933044434, 13: 0.5626170039176941, 14: 0.7229568362236023, 15: 1.0,
}


def quantize_nf4(tensor, block_size=64):
    flat = tensor.detach().float().reshape(-1).tolist()
    codes, scales = [], []
    for i, v in enumerate(flat):
        if i % block_size == 0:
            scales.append(max(abs(u) for u in flat[i:i + block_size]))
        x = v / scales[-1] if scales[-1] else 0.0
        codes.append(min(range(16), key=lambda k: abs(x - NF4_LEVELS[k])))
    return torch.tensor(codes, dtype=torch.uint8).reshape(tensor.shape), torch.tensor(scales, dtype=torch.float32)


def dequantize_nf4(codes, scales, block_size=64):
    flat = [_LOOKUP[c] for c in codes.reshape(-1).tolist()]
    values = torch.tensor(flat, dtype=torch.float32)
    values = values * scales[torch.arange(len(flat)) // block_size]
    return values.reshape(codes.shape)
