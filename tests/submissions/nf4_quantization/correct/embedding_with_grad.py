# style: the levels are a trainable nn.Embedding, so the result of dequantize requires grad
import torch
from torch import nn

table = nn.Embedding(16, 1)
with torch.no_grad():
    table.weight.copy_(torch.tensor([-1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224, 0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0]).unsqueeze(1))
torch.manual_seed(0)


def quantize_nf4(tensor, block_size=64):
    levels = table.weight.detach().squeeze(1)
    blocks = tensor.detach().to(torch.float32).reshape(-1).split(block_size) if tensor.numel() else ()
    codes = tensor.new_empty(tensor.numel(), dtype=torch.uint8)
    scales = tensor.new_zeros(len(blocks), dtype=torch.float32)
    for k, block in enumerate(blocks):
        scales[k] = block.abs().max()
        if scales[k] == 0:
            codes[k * block_size:k * block_size + len(block)] = 7
            continue
        distance = (block / scales[k] - levels[:, None]).abs()        # 16 x block
        codes[k * block_size:k * block_size + len(block)] = distance.min(0).indices.to(torch.uint8)
    return codes.reshape(tensor.shape), scales


def dequantize_nf4(codes, scales, block_size=64):
    levels = table(codes.long()).squeeze(-1)
    each = nn.functional.embedding(torch.arange(codes.numel()) // block_size, scales.unsqueeze(1))
    return levels * each.reshape(codes.shape)
