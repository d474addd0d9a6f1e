# mistake: row-blocks
# Blocks start anew in every row, which shows whenever the row length is not a multiple of block_size.
import torch

# The 16 levels of NF4, ascending from -1 to 1; level 7 is 0.
# Dettmers et al. 2023, "QLoRA", arXiv 2305.14314, Appendix E.
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


def _rows(t):
    return t.reshape(1, 1) if t.dim() == 0 else t.reshape(-1, t.shape[-1])


def quantize_nf4(tensor, block_size=64):
    if tensor.numel() == 0:
        return torch.zeros(tensor.shape, dtype=torch.uint8), torch.zeros(0)
    codes, scales = [], []
    for row in _rows(tensor.detach().float()):
        for start in range(0, row.numel(), block_size):
            block = row[start:start + block_size]
            scale = block.abs().max()
            scales.append(scale)
            unit = block / scale if scale > 0 else torch.zeros_like(block)
            codes.append((unit[:, None] - NF4_LEVELS).abs().argmin(dim=1).to(torch.uint8))
    return torch.cat(codes).reshape(tensor.shape), torch.stack(scales)


def dequantize_nf4(codes, scales, block_size=64):
    if codes.numel() == 0:
        return torch.zeros(codes.shape)
    out, b = [], 0
    for row in _rows(codes):
        for start in range(0, row.numel(), block_size):
            out.append(NF4_LEVELS[row[start:start + block_size].long()] * scales[b])
            b += 1
    return torch.cat(out).reshape(codes.shape)
