# style: sorts values and middles together, the code is the count of middles before a value; demo at import with the lab's block
import torch

from lab import SimpleTransformerBlock

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
MIDDLES = (NF4_LEVELS[1:] + NF4_LEVELS[:-1]) / 2


def _rank(y):
    both = torch.cat([MIDDLES, y])
    order = both.argsort(stable=True)
    seen = (order < 15).cumsum(0)
    rank = torch.empty_like(seen)
    rank[order] = seen
    return rank[15:]


def quantize_nf4(tensor, block_size=64):
    flat = tensor.detach().reshape(-1).float()
    if not flat.numel():
        return flat.byte().reshape(tensor.shape), flat
    size = min(block_size, flat.numel())
    windows = torch.nn.functional.pad(flat, (0, -flat.numel() % size)).unfold(0, size, size)
    scales = windows.abs().amax(-1)
    y = torch.einsum("bi,b->bi", windows, torch.where(scales > 0, 1 / scales, torch.zeros_like(scales)))
    return _rank(y.reshape(-1))[: flat.numel()].reshape(tensor.shape).to(torch.uint8), scales


def dequantize_nf4(codes, scales, block_size=64):
    flat = NF4_LEVELS[codes.reshape(-1).long()]
    size = min(block_size, max(flat.numel(), 1))
    windows = torch.nn.functional.pad(flat, (0, -flat.numel() % size)).reshape(-1, size)
    return torch.einsum("bi,b->bi", windows, scales).reshape(-1)[: flat.numel()].reshape(codes.shape)


for _name, _weight in SimpleTransformerBlock().state_dict().items():
    _c, _s = quantize_nf4(_weight)
    print(f"{_name:24} {tuple(_weight.shape)!s:12} mean error {(dequantize_nf4(_c, _s) - _weight).abs().mean():.2e}")
