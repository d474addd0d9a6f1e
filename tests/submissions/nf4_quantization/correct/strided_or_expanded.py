# the results are views: every second byte of a buffer that also has the mirrored codes, or one number expanded if all are equal
import torch

LEVELS = torch.tensor([
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
])


def thrifty(column: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    """`column`, stored next to `other`; a constant column of more than one entry is stored once."""
    if column.numel() > 1 and bool((column == column[0]).all()):
        return column[0].clone().expand(column.shape)
    return torch.stack([column, other], dim=-1)[..., 0]


def quantize_nf4(tensor, block_size=64):
    x = tensor.detach().reshape(-1).to(torch.float64)
    parts = x.split(block_size) if x.numel() else ()
    sizes = [p.abs() for p in parts]
    highest = torch.tensor([p.max().item() for p in sizes], dtype=torch.float32, device=x.device)
    average = torch.tensor([p.mean().item() for p in sizes], dtype=torch.float32, device=x.device)
    levels = LEVELS.double().to(x.device)
    quotients = [p / (s or 1.0) for p, s in zip(parts, highest.tolist(), strict=True)]
    distance = (torch.cat([x[:0], *quotients]) - levels.unsqueeze(1)).abs()  # (16, n)
    codes = distance.topk(1, dim=0, largest=False).indices[0].byte()
    codes = thrifty(codes, 15 - codes)
    if tensor.dim() == 0:
        return codes[0], thrifty(highest, average)
    # an expanded or strided column has no trouble with view: its entries are evenly spaced
    return codes.view(tensor.shape), thrifty(highest, average)


def dequantize_nf4(codes, scales, block_size=64):
    i = torch.arange(codes.numel(), device=codes.device).reshape(codes.shape) // block_size
    return torch.index_select(LEVELS.to(codes.device), 0, codes.reshape(-1).int()).reshape(codes.shape) * scales[i]
