# nested torch.where, in the manner of the CUDA kernel's decision tree
import torch

NF4_LEVELS = torch.tensor([
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
])


def _tree(x, low, high):
    """Code of x, knowing that it lies in low..high."""
    if low == high:
        return torch.full_like(x, low)
    middle = (low + high) // 2
    threshold = (NF4_LEVELS[middle] + NF4_LEVELS[middle + 1]) / 2
    return torch.where(x > threshold, _tree(x, middle + 1, high), _tree(x, low, middle))


def quantize_nf4(tensor, block_size=64):
    x = tensor.float().reshape(-1)
    n = x.shape[0]
    full = n // block_size * block_size
    scales = x[:full].reshape(-1, block_size).abs().amax(dim=1)
    if full < n:
        scales = torch.cat((scales, x[full:].abs().max().reshape(1)))
    expanded = torch.repeat_interleave(scales, block_size)[:n]
    x = torch.where(expanded == 0, torch.zeros_like(x), x / torch.where(expanded == 0, 1.0, expanded))
    return _tree(x, 0, 15).to(torch.uint8).reshape(tensor.shape), scales


def dequantize_nf4(codes, scales, block_size=64):
    expanded = torch.repeat_interleave(scales, block_size)[: codes.numel()]
    out = torch.zeros(codes.shape, dtype=torch.float32)
    for code, level in enumerate(NF4_LEVELS.tolist()):
        out[codes == code] = level
    return out * expanded.reshape(codes.shape)
