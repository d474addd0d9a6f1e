# argmin in chunks of blocks, to keep the distance matrix small
import torch

NF4_LEVELS = torch.tensor([
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
])
CHUNK = 128  # blocks


def quantize_nf4(tensor, block_size=64):
    n = tensor.numel()
    flat = tensor.contiguous().view(-1)
    scales = torch.empty((n + block_size - 1) // block_size, dtype=torch.float32)
    codes = torch.empty(n, dtype=torch.uint8)
    step = CHUNK * block_size
    for first in range(0, n, step):
        piece = flat[first : first + step].to(torch.float32, copy=True)
        missing = -piece.numel() % block_size
        piece = torch.cat([piece, torch.zeros(missing)]).view(-1, block_size)
        s = piece.abs().max(dim=1).values
        b = first // block_size
        scales[b : b + len(s)] = s
        piece.div_(s.masked_fill(s == 0, 1).unsqueeze(1))
        best = torch.full(piece.shape, float("inf"))
        code = torch.zeros(piece.shape, dtype=torch.uint8)
        for k in range(16):
            d = (piece - NF4_LEVELS[k]).abs_()
            closer = d < best
            best[closer] = d[closer]
            code[closer] = k
        codes[first : first + step] = code.view(-1)[: min(step, n - first)]
    return codes.view(tensor.shape), scales


def dequantize_nf4(codes, scales, block_size=64):
    out = torch.empty(codes.numel(), dtype=torch.float32)
    flat = codes.reshape(-1)
    step = CHUNK * block_size
    for first in range(0, flat.numel(), step):
        part = flat[first : first + step]
        b = first // block_size
        s = scales[b : b + CHUNK].repeat_interleave(block_size)[: part.numel()]
        torch.mul(NF4_LEVELS.take(part.long()), s, out=out[first : first + step])
    return out.view(codes.shape)
