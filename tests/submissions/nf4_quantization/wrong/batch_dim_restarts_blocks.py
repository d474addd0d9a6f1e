# mistake: unnamed
# In a tensor of three or more dimensions the blocks restart for every entry of the first dimension, which shows when its size is not a multiple of block_size.
import torch

# The 16 levels of NF4, ascending from -1 to 1; level 7 is 0.
# Dettmers et al. 2023, "QLoRA", arXiv 2305.14314, Appendix E.
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


def _quantize_flat(flat, block_size):
    codes = [torch.zeros(0, dtype=torch.uint8)]
    scales = [torch.zeros(0)]
    for i in range(0, flat.numel(), block_size):
        block = flat[i:i + block_size]
        s = block.abs().max()
        unit = block / s if s > 0 else block
        codes.append((unit[:, None] - NF4_LEVELS).abs().argmin(1).to(torch.uint8))
        scales.append(s.view(1))
    return torch.cat(codes), torch.cat(scales)


def quantize_nf4(tensor, block_size=64):
    x = tensor.detach().float()
    if x.dim() >= 3 and x.numel():
        results = [_quantize_flat(item.reshape(-1), block_size) for item in x]
        codes = torch.cat([c for c, _ in results])
        scales = torch.cat([s for _, s in results])
    else:
        codes, scales = _quantize_flat(x.reshape(-1), block_size)
    return codes.reshape(tensor.shape), scales


def dequantize_nf4(codes, scales, block_size=64):
    if codes.dim() >= 3 and codes.numel():
        per_item = -(-codes[0].numel() // block_size)
        parts = scales.split(per_item)
        items = [dequantize_nf4(c.reshape(-1), s, block_size) for c, s in zip(codes, parts)]
        return torch.cat(items).reshape(codes.shape)
    ids = torch.arange(codes.numel()) // block_size
    return NF4_LEVELS[codes.long()] * scales[ids].reshape(codes.shape)
