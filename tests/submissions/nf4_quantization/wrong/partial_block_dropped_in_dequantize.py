# mistake: partial-block-dropped
# quantize is right, but dequantize handles floor(n / block_size) blocks, so the values of a shorter last block stay 0.
import torch

NF4_LEVELS = torch.tensor([
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
])


def quantize_nf4(tensor, block_size=64):
    flat = tensor.detach().to(torch.float32).reshape(-1)
    n = flat.shape[0]
    size = min(block_size, max(n, 1))
    rows = -(-n // size)
    buf = flat.new_zeros(rows, size)
    buf.view(-1)[:n].copy_(flat)
    scales = buf.abs().max(dim=1).values
    buf /= scales.clamp(min=torch.finfo(torch.float32).tiny)[:, None]
    codes = torch.bucketize(buf, (NF4_LEVELS[1:] + NF4_LEVELS[:-1]) * 0.5)
    return codes.view(-1)[:n].reshape(tensor.shape).to(torch.uint8), scales


def dequantize_nf4(codes, scales, block_size=64):
    flat = NF4_LEVELS[codes.reshape(-1).long()]
    whole = flat.numel() // block_size
    out = torch.zeros_like(flat)
    if whole:
        body = flat[:whole * block_size].view(whole, block_size)
        out[:whole * block_size] = (body * scales[:whole, None]).reshape(-1)
    return out.reshape(codes.shape)
