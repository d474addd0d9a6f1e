# hurried: the stub and two wrong attempts stay in the file above the good one; right: where a name is defined twice the last definition counts
import torch
import numpy as np

NF4_LEVELS = torch.tensor([-1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0])

def quantize_nf4(tensor, block_size=64):
    raise NotImplementedError("write quantize_nf4 here")

def dequantize_nf4(codes, scales, block_size=64):
    raise NotImplementedError("write dequantize_nf4 here")

# attempt 1: rounding. does not work because the levels are not evenly spaced
def quantize_nf4(tensor, block_size=64):
    b = tensor.reshape(-1, block_size)
    s = b.abs().max(1).values
    return ((b / s[:, None] + 1) * 7.5).round().byte().reshape(tensor.shape), s

def dequantize_nf4(codes, scales, block_size=64):
    return NF4_LEVELS[codes] * scales

# attempt 2 nan for zeros :(
def quantize_nf4(tensor, block_size=64):
    b = tensor.reshape(-1, block_size)
    s = b.abs().max(1).values
    return (b / s[:, None])[..., None].sub(NF4_LEVELS).abs().argmin(-1).byte().reshape(tensor.shape), s

# attempt 3, this one works!!
def quantize_nf4(tensor, block_size=64):
    sh = tensor.shape
    t = tensor.reshape(-1).float()
    ss = []
    cc = []
    i = 0
    while True:
        b = t[i:i+block_size]
        if len(b) == 0: break
        s = float(b.abs().max())
        ss.append(s)
        if s == 0: s = 1
        cc.append((b / s).unsqueeze(1).sub(NF4_LEVELS).abs().argmin(1).byte())
        i += block_size
    if cc == []:
        cc = [torch.zeros(0).byte()]
    return torch.cat(cc).reshape(sh), torch.tensor(ss).float()

def dequantize_nf4(codes, scales, block_size=64):
    c = codes.reshape(-1)
    r = torch.zeros(len(c))
    for i in range(len(scales)):
        r[i*block_size:(i+1)*block_size] = NF4_LEVELS[c[i*block_size:(i+1)*block_size].long()] * scales[i]
    return r.reshape(codes.shape)
