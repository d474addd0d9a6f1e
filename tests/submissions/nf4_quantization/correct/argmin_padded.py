# plain: pad to whole blocks, distance to all 16 levels, argmin
import torch
import torch.nn.functional as F

NF4_LEVELS = torch.tensor([
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
])


def quantize_nf4(tensor, block_size=64):
    flat = tensor.reshape(-1).float()
    pad = (-flat.numel()) % block_size
    blocks = F.pad(flat, (0, pad)).view(-1, block_size)
    scales = blocks.abs().amax(dim=1)
    safe = torch.where(scales == 0, torch.ones_like(scales), scales)
    normalized = blocks / safe[:, None]
    codes = (normalized[..., None] - NF4_LEVELS).abs().argmin(dim=-1)
    codes = codes.flatten()[: flat.numel()].to(torch.uint8).reshape(tensor.shape)
    return codes, scales


def dequantize_nf4(codes, scales, block_size=64):
    values = NF4_LEVELS[codes.long()].flatten()
    per_value = scales.repeat_interleave(block_size)[: values.numel()]
    return (values * per_value).reshape(codes.shape)
