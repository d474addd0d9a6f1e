# mistake: unnamed
# dequantize multiplies the global table in place by each block's scale, so later blocks and later calls work with wrong levels.
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


def quantize_nf4(tensor, block_size=64):
    flat = tensor.detach().float().reshape(-1)
    codes = torch.zeros(flat.numel(), dtype=torch.uint8)
    scales = torch.zeros(-(-flat.numel() // block_size))
    for b, i in enumerate(range(0, flat.numel(), block_size)):
        block = flat[i:i + block_size]
        scales[b] = block.abs().max()
        unit = block / scales[b] if scales[b] > 0 else block
        codes[i:i + block_size] = (unit[:, None] - NF4_LEVELS).abs().argmin(dim=1).to(torch.uint8)
    return codes.reshape(tensor.shape), scales


def dequantize_nf4(codes, scales, block_size=64):
    flat = codes.reshape(-1).long()
    out = torch.zeros(flat.numel())
    for b, scale in enumerate(scales):
        table = NF4_LEVELS
        table *= scale
        out[b * block_size:(b + 1) * block_size] = table[flat[b * block_size:(b + 1) * block_size]]
    return out.reshape(codes.shape)
