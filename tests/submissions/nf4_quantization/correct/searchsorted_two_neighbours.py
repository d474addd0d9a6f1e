# style: searchsorted on the levels themselves, then the nearer of the two neighbours
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

@torch.no_grad()
def quantize_nf4(tensor, block_size=64):
    flat = tensor.contiguous().view(-1).to(dtype=torch.float)
    n_blocks = -(-flat.numel() // block_size)
    buf = flat.new_zeros(n_blocks * block_size)
    buf[: flat.numel()] = flat
    buf = buf.view(n_blocks, block_size)
    scales = torch.linalg.vector_norm(buf, ord=float("inf"), dim=1)
    x = (buf / scales.clamp(min=torch.finfo(torch.float32).tiny).unsqueeze(1)).clamp(-1, 1)
    hi = torch.searchsorted(NF4_LEVELS, x).clamp(1, 15)
    lo = hi - 1
    take_hi = (NF4_LEVELS[hi] - x) < (x - NF4_LEVELS[lo])
    codes = torch.where(take_hi, hi, lo)
    return codes.view(-1)[: flat.numel()].reshape(tensor.size()).to(torch.uint8), scales


@torch.no_grad()
def dequantize_nf4(codes, scales, block_size=64):
    out = torch.empty(codes.shape, dtype=torch.float32)
    view = out.view(-1)
    torch.index_select(NF4_LEVELS, 0, codes.reshape(-1).int(), out=view)
    for i, s in enumerate(scales.unbind()):
        view[i * block_size:(i + 1) * block_size].mul_(s)
    return out
