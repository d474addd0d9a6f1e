# mistake: row-blocks
# The last dimension is padded and cut into blocks row by row, so there are too many scales when a row is not a multiple of block_size.
import torch
import torch.nn.functional as F

NF4_LEVELS = torch.tensor([
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
])
BOUNDS = NF4_LEVELS.unfold(0, 2, 1).mean(dim=1)


def quantize_nf4(tensor, block_size=64):
    if tensor.numel() == 0:
        return tensor.new_zeros(tensor.shape, dtype=torch.uint8), torch.zeros(0)
    x = tensor.detach().float()
    x = x[None] if x.dim() == 0 else x
    cols = x.shape[-1]
    size = min(block_size, cols)
    x = F.pad(x, (0, -cols % size)).unflatten(-1, (-1, size))
    absmax = x.abs().amax(dim=-1, keepdim=True)
    x = x / absmax.masked_fill(absmax == 0, 1)
    codes = torch.bucketize(x, BOUNDS).to(torch.uint8).flatten(-2)[..., :cols]
    return codes.reshape(tensor.shape), absmax.flatten()


def dequantize_nf4(codes, scales, block_size=64):
    if codes.numel() == 0:
        return torch.zeros(codes.shape)
    cols = codes.shape[-1] if codes.dim() else 1
    per_row = -(-cols // block_size)
    column_block = torch.arange(cols) // block_size
    s = scales.reshape(-1, per_row)[:, column_block]
    return NF4_LEVELS[codes.long()] * s.reshape(codes.shape)
