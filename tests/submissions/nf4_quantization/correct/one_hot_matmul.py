# one hot matmul
import torch
import torch.nn.functional as F

T = torch.tensor([-1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635, -0.18477343022823334,
                  -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
                  0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0])


def quantize_nf4(tensor, block_size=64):
    flat = tensor.to(dtype=torch.float32).reshape(-1)
    owner = torch.arange(flat.shape[0]).floor_divide(block_size)
    count = (flat.shape[0] + block_size - 1) // block_size
    scales = torch.zeros(count).scatter_reduce_(0, owner, flat.abs(), "amax")
    mine = scales[owner]
    unit = torch.where(mine == 0, torch.zeros(()), flat / torch.where(mine == 0, torch.ones(()), mine))
    codes = torch.zeros(flat.shape, dtype=torch.uint8)
    for low, high in zip(T, T[1:]):
        codes += (unit - low > high - unit).to(torch.uint8)      # nearer to the upper neighbour
    return codes.reshape(tensor.shape), scales


def dequantize_nf4(codes, scales, block_size=64):
    flat = codes.reshape(-1).to(torch.int64)
    levels = F.one_hot(flat, 16).to(torch.float32) @ T
    owner = torch.arange(flat.numel()).floor_divide(block_size)
    return (levels * scales.take(owner)).reshape(codes.shape)
