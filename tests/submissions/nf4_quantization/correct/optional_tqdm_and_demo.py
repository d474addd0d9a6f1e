# optional tqdm, prints, a quick unguarded demo, levels loaded from a file if there is one
import torch

try:
    from tqdm import tqdm
except ImportError:
    def tqdm(iterable, **kwargs):
        return iterable

NF4_LEVELS = torch.tensor([
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
])

try:
    NF4_LEVELS = torch.load("nf4_levels_cache.pt")
except OSError:
    print("no cached levels, using the ones above")


def find_code(block, scale):
    if scale == 0:
        return torch.tensor([7] * len(block), dtype=torch.uint8)
    x = (block / scale).view(-1, 1)
    right = torch.searchsorted(NF4_LEVELS, x).clamp(1, 15)
    left = right - 1
    nearer_left = (x - NF4_LEVELS[left]).abs() <= (NF4_LEVELS[right] - x).abs()
    return torch.where(nearer_left, left, right).flatten().to(torch.uint8)


def quantize_nf4(tensor, block_size=64):
    x = tensor.clone().float().flatten()
    codes = torch.zeros(x.shape, dtype=torch.uint8)
    scales = []
    for i in tqdm(range(0, len(x), block_size), desc="quantize"):
        scale = torch.max(torch.abs(x[i:i + block_size]))
        codes[i:i + block_size] = find_code(x[i:i + block_size], scale)
        scales.append(scale)
    scales = torch.tensor(scales, dtype=torch.float32)
    return codes.reshape(tensor.shape), scales


def dequantize_nf4(codes, scales, block_size=64):
    values = NF4_LEVELS[codes.flatten().long()]
    for b in tqdm(range(len(scales)), desc="dequantize"):
        values[b * block_size:(b + 1) * block_size] = values[b * block_size:(b + 1) * block_size] * scales[b]
    return values.reshape(codes.shape)


torch.manual_seed(0)
demo = torch.randn(200)
c, s = quantize_nf4(demo)
print("codes", c[:8].tolist(), "scales", s.tolist())
print("mean error", (dequantize_nf4(c, s) - demo).abs().mean().item())
assert c.dtype == torch.uint8 and s.shape == (4,)
