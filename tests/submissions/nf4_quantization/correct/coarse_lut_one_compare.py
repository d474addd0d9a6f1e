# style: a lookup table of 64 coarse cells gives a candidate, one comparison with a boundary settles it
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
_CUT = (NF4_LEVELS[1:].double() + NF4_LEVELS[:-1].double()) / 2
_CUT = torch.cat([_CUT, torch.tensor([torch.inf], dtype=torch.float64)])
_CELLS = 64
_LEFT = torch.arange(_CELLS + 1, dtype=torch.float64) / (_CELLS / 2) - 1
_FIRST = (_LEFT[:, None] > _CUT).sum(1)                  # code at the left end of each cell
assert (_FIRST.diff() <= 1).all()                         # at most one boundary in a cell


def quantize_nf4(tensor, block_size=64):
    x = tensor.to(torch.float64).flatten()
    scales = torch.empty(0, dtype=torch.float64)
    for block in x.split(block_size) if x.numel() else ():
        scales = torch.cat((scales, block.abs().max().view(1)))
    each = scales.repeat_interleave(block_size)[: x.numel()]
    y = torch.where(each > 0, x / torch.where(each > 0, each, 1), 0.0)
    cell = ((y + 1) * (_CELLS / 2)).floor().long()
    first = _FIRST[cell]
    code = first + (y > _CUT[first])
    return code.to(torch.uint8).view(tensor.shape), scales.float()


def dequantize_nf4(codes, scales, block_size=64):
    pairs = torch.cartesian_prod(scales, NF4_LEVELS).prod(1).view(-1, 16) if len(scales) else torch.empty(0, 16)
    rows = torch.arange(codes.numel()) // block_size
    return pairs[rows, codes.reshape(-1).long()].reshape(codes.shape)
