# style: a lookup table of 2048 cells over [-1, 1] gives the lower candidate and the one threshold inside the cell; dequantization gathers from an outer-product table
import torch

NF4_LEVELS = torch.tensor([
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
], dtype=torch.float64)

CELLS = 2048


def _build():
    middles = ((NF4_LEVELS[1:] + NF4_LEVELS[:-1]) / 2).tolist()
    lower, threshold = [], []
    for cell in range(CELLS):
        left, right = 2 * cell / CELLS - 1, 2 * (cell + 1) / CELLS - 1
        lower.append(sum(m < left for m in middles))
        inside = [m for m in middles if left <= m < right]
        assert len(inside) < 2
        threshold.append(inside[0] if inside else 2.0)
    return torch.tensor(lower), torch.tensor(threshold, dtype=torch.float64)


LOWER, THRESHOLD = _build()


def quantize_nf4(tensor, block_size=64):
    with torch.no_grad():
        flat = tensor.reshape(-1).to(torch.float64)
        n = flat.numel()
        size = max(1, min(block_size, n))
        whole = n // size * size
        # the whole blocks at once, the short one apart
        parts = [flat[:whole].view(-1, size)] + ([flat[whole:].view(1, -1)] if whole < n else [])
        scales, codes = [], []
        for part in parts:
            if part.numel():
                s = part.abs().max(dim=1).values.to(torch.float32)
                unit = (part / torch.where(s > 0, s, torch.ones_like(s)).double().unsqueeze(1)).flatten()
                cell = ((unit + 1) * (CELLS / 2)).floor().clamp(0, CELLS - 1).long()
                scales.append(s)
                codes.append(LOWER[cell] + (unit > THRESHOLD[cell]))
        if not scales:
            return tensor.new_zeros(tensor.shape, dtype=torch.uint8), tensor.new_zeros(0, dtype=torch.float32)
        return torch.cat(codes).to(torch.uint8).reshape(tensor.shape), torch.cat(scales)


def dequantize_nf4(codes, scales, block_size=64):
    table = torch.outer(scales.double(), NF4_LEVELS).flatten()  # (blocks * 16,)
    position = torch.arange(codes.numel()) // block_size * 16 + codes.flatten().long()
    return table[position].float().reshape(codes.shape)
