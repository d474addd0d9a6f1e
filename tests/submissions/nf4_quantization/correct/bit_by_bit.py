# the code is found bit by bit from the top, the block maxima by a knock-out tournament, the levels sit in a 2 x 2 x 2 x 2 cube
import torch

LEVELS = torch.tensor([
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
], dtype=torch.float64)
CUBE = LEVELS.view(2, 2, 2, 2)  # one axis for each bit of the code


def tournament(rows):
    """The largest number of each row; the number of columns is a power of two."""
    while rows.shape[1] > 1:
        rows = torch.maximum(rows[:, ::2], rows[:, 1::2])
    return rows[:, 0]


def quantize_nf4(tensor, block_size=64):
    flat = tensor.detach().reshape(-1).double()
    n = flat.numel()
    if n == 0:
        return torch.zeros(tensor.shape, dtype=torch.uint8), torch.zeros(0)
    width = min(n, block_size)
    n_blocks = (n + width - 1) // width
    column, row = torch.arange(n) % width, torch.arange(n) // width

    players = torch.zeros(n_blocks, 1 << (width - 1).bit_length(), dtype=torch.float64)
    players[row, column] = flat.abs().cpu()
    scales = tournament(players).float()

    u = flat.cpu() / scales.double().masked_fill(scales == 0, 1)[row]
    code = torch.zeros(n, dtype=torch.long)
    for bit in (8, 4, 2, 1):
        higher = code | bit
        border = (LEVELS[higher - 1] + LEVELS[higher]) / 2
        code = torch.where(u > border, higher, code)
    return code.to(tensor.device, torch.uint8).reshape(tensor.shape), scales.to(tensor.device)


def dequantize_nf4(codes, scales, block_size=64):
    c = codes.reshape(-1).cpu().int()
    bits = tuple((c >> k & 1).long() for k in (3, 2, 1, 0))
    per_value = scales.cpu().double()[torch.arange(len(c)) // block_size]
    return (CUBE[bits] * per_value).float().reshape(codes.shape).to(codes.device)
