# unusual: functools.partial objects made by a closure factory for any codebook
import functools
import torch

def make_codec(codebook):
    codebook = tuple(codebook)
    zero = codebook.index(0)
    table = torch.tensor(codebook)
    def encode(tensor, block_size, *, round_up):
        def one(block):
            nonlocal table
            m = float(block.abs().max())
            scales.append(m)
            if not m:
                return torch.full_like(block, zero, dtype=torch.uint8)
            y = block.double() / m
            return torch.bucketize(y, edges, right=round_up).to(torch.uint8)
        scales = []
        edges = (table[1:].double() + table[:-1].double()) / 2
        flat = tensor.contiguous().view(-1)
        codes = torch.empty(flat.shape, dtype=torch.uint8, device=flat.device)
        for start in range(0, flat.numel(), block_size):
            codes[start:start + block_size] = one(flat[start:start + block_size])
        return codes.view(tensor.shape), torch.tensor(scales, dtype=torch.float32, device=tensor.device)
    def decode(codes, scales, block_size, *, dtype):
        out = table[codes.long().reshape(-1)].to(dtype)
        for i, s in enumerate(scales):
            out[i * block_size:(i + 1) * block_size].mul_(s)
        return out.view(codes.shape)
    return encode, decode

_e, _d = make_codec([-1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635,
    -0.18477343022823334, -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725, 0.24611230194568634,
    0.33791524171829224, 0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0])
quantize_nf4 = functools.partial(lambda encode, tensor, block_size=64, round_up=False: encode(tensor, block_size, round_up=round_up), _e)
dequantize_nf4 = functools.partial(lambda decode, codes, scales, block_size=64: decode(codes, scales, block_size, dtype=torch.float32), _d)
