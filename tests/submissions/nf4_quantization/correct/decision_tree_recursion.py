# decision tree recursion
import torch

LV = (-1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635, -0.18477343022823334,
      -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
      0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0)


def _search(x, low, high):
    """Codes of the values in x, which lie nearest to one of the levels low .. high."""
    if low == high:
        return torch.full(x.shape, low, dtype=torch.uint8)
    mid = (low + high) // 2
    upper = x > (LV[mid] + LV[mid + 1]) / 2
    out = torch.empty(x.shape, dtype=torch.uint8)
    if upper.any():
        out[upper] = _search(x[upper], mid + 1, high)
    if not upper.all():
        out[~upper] = _search(x[~upper], low, mid)
    return out


def quantize_nf4(tensor, block_size=64):
    codes = torch.full(tensor.shape, 7, dtype=torch.uint8)
    flat_codes, flat = codes.view(-1), tensor.detach().double().reshape(-1)
    scales = torch.zeros(-(-flat.numel() // block_size), dtype=torch.float32)
    for i in range(scales.numel()):
        window = slice(i * block_size, (i + 1) * block_size)
        peak = torch.max(-flat[window].min(), flat[window].max())
        scales[i] = peak
        if peak > 0:
            flat_codes[window] = _search(flat[window] / peak, 0, 15)
    return codes, scales


def dequantize_nf4(codes, scales, block_size=64):
    result = torch.zeros(codes.shape)
    out, flat = result.view(-1), codes.reshape(-1)
    for code, level in enumerate(LV):
        out[flat == code] = level
    for i, s in enumerate(scales.tolist()):
        out[i * block_size:(i + 1) * block_size] *= s
    return result
