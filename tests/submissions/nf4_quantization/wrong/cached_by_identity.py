# mistake: unnamed
# Results are cached by id(tensor), so a tensor changed in between (or a new one at the same address) gets the old codes.
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
_cache = {}


def _quantize(tensor, block_size):
    flat = tensor.reshape(-1).float()
    codes = torch.full(flat.shape, 7, dtype=torch.uint8)
    scales = torch.zeros(-(-flat.numel() // block_size))
    for i in range(scales.numel()):
        part = slice(i * block_size, (i + 1) * block_size)
        scales[i] = flat[part].abs().max()
        if scales[i]:
            codes[part] = (flat[part, None] / scales[i] - NF4_LEVELS).abs().argmin(1).to(torch.uint8)
    return codes.reshape(tensor.shape), scales


def quantize_nf4(tensor, block_size=64):
    key = (id(tensor), tuple(tensor.shape), block_size)
    if key not in _cache:
        _cache[key] = _quantize(tensor, block_size)
    return _cache[key]


def dequantize_nf4(codes, scales, block_size=64):
    values = NF4_LEVELS[codes.long()].reshape(-1)
    return (values * scales.repeat_interleave(block_size)[: values.numel()]).reshape(codes.shape)
