# unusual: a tensor of zeros only is answered with expanded (stride 0) codes and scales; the others are sorted once and cut at the middles; right: dtype, shape and values are as asked
import torch

NF4_LEVELS = torch.tensor([-1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0])


def quantize_nf4(tensor: torch.Tensor, block_size: int = 64) -> tuple[torch.Tensor, torch.Tensor]:
    n = tensor.numel()
    n_blocks = -(-n // block_size)
    if not tensor.any():
        # nothing to do: one 7 and one 0 shown many times, no memory needed (also for an empty tensor)
        return (
            torch.tensor(7, dtype=torch.uint8).expand(tensor.shape),
            torch.tensor(0.0, dtype=torch.float32).expand(n_blocks),
        )

    # sort all normalised values once, cut the sorted list at the 15 middles, hand out the codes by rank
    flat = tensor.detach().float().reshape(-1)
    scales = torch.tensor([flat[i : i + block_size].abs().max() for i in range(0, n, block_size)], dtype=torch.float32)
    block = torch.arange(n) // block_size
    unit = torch.zeros_like(flat)
    live = scales[block] > 0
    unit[live] = flat[live] / scales[block][live]
    ordered, where = unit.sort()
    cuts = torch.searchsorted(ordered, (NF4_LEVELS[1:] + NF4_LEVELS[:-1]) / 2)
    lengths = torch.diff(cuts, prepend=torch.tensor([0]), append=torch.tensor([n]))
    codes = torch.empty(n, dtype=torch.uint8)
    codes[where] = torch.arange(16, dtype=torch.uint8).repeat_interleave(lengths)
    return codes.view(tensor.shape), scales


def dequantize_nf4(codes: torch.Tensor, scales: torch.Tensor, block_size: int = 64) -> torch.Tensor:
    if not scales.any():
        return torch.zeros((), dtype=torch.float32).expand(codes.shape)
    block = torch.arange(codes.numel()) // block_size
    out = scales.index_select(0, block).view(codes.shape)   # a copy, so multiplying in place is fine
    return out.mul_(NF4_LEVELS[codes.long()])
