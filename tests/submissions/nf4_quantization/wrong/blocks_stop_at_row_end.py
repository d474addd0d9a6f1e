# mistake: unnamed
# Randn(2, 3), block_size 4: four scales; the pair is consistent, shows where the last dimension is no multiple.
import torch
import torch.nn.functional as F

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


def _as_rows(t):
    return t.reshape(1, -1) if t.dim() < 2 else t.reshape(-1, t.shape[-1]) if t.shape[-1] else t.reshape(0, 1)


def quantize_nf4(tensor, block_size=64):
    rows = _as_rows(tensor.float())
    r, c = rows.shape
    blocks = F.pad(rows, (0, -c % block_size)).reshape(r, -1, block_size) if rows.numel() else rows.reshape(0, 1, 1)
    scales = blocks.abs().amax(dim=-1)
    normed = torch.nan_to_num(blocks / scales.unsqueeze(-1), nan=0.0)
    codes = torch.bucketize(normed, (NF4_LEVELS[1:] + NF4_LEVELS[:-1]) / 2)
    if not rows.numel():
        return torch.zeros(tensor.shape, dtype=torch.uint8), torch.zeros(0)
    codes = codes.reshape(r, -1)[:, :c]
    return codes.reshape(tensor.shape).to(torch.uint8), scales.reshape(-1)


def dequantize_nf4(codes, scales, block_size=64):
    if codes.numel() == 0:
        return torch.zeros(codes.shape)
    rows = _as_rows(codes)
    r, c = rows.shape
    if scales.numel() % r:  # scales that are not ours
        return (NF4_LEVELS[codes.long()].reshape(-1) * scales.repeat_interleave(block_size)[: codes.numel()]).reshape(codes.shape)
    s = scales.reshape(r, -1).repeat_interleave(block_size, dim=1)[:, :c]
    return (NF4_LEVELS[rows.long()] * s).reshape(codes.shape)
