# style: loop over the 16 levels keeps the best distance so far; ties go to the higher level (<=)
import torch

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
    x = tensor.to(torch.float32).reshape(-1)
    s = torch.tensor([x[i:i + block_size].abs().max() for i in range(0, x.numel(), block_size)], dtype=torch.float32)
    each = s.repeat_interleave(block_size)[:x.numel()]
    y = x / torch.where(each == 0, torch.tensor(1.0), each)
    best = torch.full_like(y, torch.inf)
    code = torch.full(y.shape, 255, dtype=torch.uint8)
    for k in range(16):
        d = torch.abs(y - NF4_LEVELS[k])
        closer = d <= best
        best = torch.where(closer, d, best)
        code = torch.where(closer, torch.tensor(k, dtype=torch.uint8), code)
    return code.reshape(tensor.shape), s


def dequantize_nf4(codes, scales, block_size=64):
    out = torch.zeros(codes.shape)
    for k in range(16):
        out[codes == k] = NF4_LEVELS[k].item()
    return out * scales.repeat_interleave(block_size)[:codes.numel()].reshape(codes.shape)
