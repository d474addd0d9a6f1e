# unusual: lookup table with 4096 cells for a first guess, then one step of refinement to the nearest neighbour
import torch

CODEBOOK = torch.tensor([-1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635,
                         -0.18477343022823334, -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725,
                         0.24611230194568634, 0.33791524171829224, 0.44070982933044434, 0.5626170039176941,
                         0.7229568362236023, 1.0])
CELLS = 4096
_centres = (torch.arange(CELLS) + 0.5) / CELLS * 2 - 1
GUESS = (_centres[:, None] - CODEBOOK).abs().argmin(1)


def nearest(y):
    g = GUESS[((y + 1) * (CELLS / 2)).long().clamp(0, CELLS - 1)]
    candidates = torch.stack([(g - 1).clamp(min=0), g, (g + 1).clamp(max=15)], -1)
    pick = (y.unsqueeze(-1) - CODEBOOK[candidates]).abs().argmin(-1, keepdim=True)
    return candidates.gather(-1, pick).squeeze(-1)


def quantize_nf4(tensor, block_size=64):
    x = tensor.flatten().to(torch.float32)
    nb, rest = divmod(x.numel(), block_size)
    if rest:
        nb += 1
        x = torch.cat((x, x.new_zeros(block_size - rest)))
    x = x.reshape(nb, block_size)
    s = torch.maximum(x.amax(1), -x.amin(1))
    s = s + 0.0  # no negative zero
    y = torch.where(s[:, None] == 0, torch.zeros_like(x), x / s[:, None])
    return nearest(y).flatten()[: tensor.numel()].reshape(tensor.shape).to(torch.uint8), s


def dequantize_nf4(codes, scales, block_size=64):
    n = codes.numel()
    s = scales[:, None].expand(-1, block_size).reshape(-1)[:n]
    return torch.addcmul(torch.zeros(n, dtype=torch.float32), CODEBOOK[codes.flatten().long()], s).reshape(codes.shape)
