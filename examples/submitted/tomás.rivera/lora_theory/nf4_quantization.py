import torch
import torch.nn.functional as F

NF4_LEVELS = torch.tensor([
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635,
    -0.18477343022823334, -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725,
    0.24611230194568634, 0.33791524171829224, 0.44070982933044434, 0.5626170039176941,
    0.7229568362236023, 1.0])

def quantize_nf4(tensor, block_size=64):
    flat = tensor.contiguous().view(-1).float()
    n = flat.numel()
    n_blocks = (n + block_size - 1) // block_size
    blocks = F.pad(flat, (0, n_blocks * block_size - n)).view(n_blocks, block_size)
    scales = blocks.abs().max(dim=1).values
    normalized = blocks / scales.unsqueeze(1)
    codes = (normalized.unsqueeze(-1) - NF4_LEVELS).abs().argmin(dim=-1)
    return codes.view(-1)[:n].view(tensor.shape).to(torch.uint8), scales

def dequantize_nf4(codes, scales, block_size=64):
    flat = codes.contiguous().view(-1)
    which_block = torch.arange(flat.numel()) // block_size
    return (NF4_LEVELS[flat.long()] * scales[which_block]).view(codes.shape)
