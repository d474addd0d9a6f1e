# style: one-hot codes times the levels, block membership as a matrix as well; padding a whole extra block at times
import torch
from torch.nn.functional import one_hot

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

def quantize_nf4(tensor, block_size=64):
    x = tensor.reshape(-1).to(torch.float32)
    n = x.numel()
    bs = min(block_size, n + 1)
    k = n // bs + 1                                    # one block too many when n is a multiple
    grid = torch.cat([x, x.new_zeros(k * bs - n)]).view(k, bs)
    scales = grid.abs().topk(1, dim=1).values[:, 0]
    y = grid.div(scales[:, None]).nan_to_num_(0.0)
    member = torch.stack([(y - level).abs() for level in NF4_LEVELS]).argmin(0)
    blocks = -(-n // block_size)
    return member.flatten()[:n].view(tensor.shape).to(torch.uint8), scales[:blocks].clone()


def dequantize_nf4(codes, scales, block_size=64):
    n = codes.numel()
    hot = one_hot(codes.reshape(-1).long(), 16).to(torch.float32)
    level = hot @ NF4_LEVELS
    scale = torch.kron(scales, torch.ones(min(block_size, max(n, 1))))[:n]
    return (level * scale).view(codes.shape)
