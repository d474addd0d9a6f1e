# mistake: minmax-scale
# The scale is half of max - min, which is not the largest absolute value unless the block is symmetric.
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


def _split(flat, block_size):
    return [flat[i:i + block_size] for i in range(0, flat.numel(), block_size)]


def quantize_nf4(tensor, block_size=64):
    flat = tensor.detach().reshape(-1).float()
    codes = [torch.empty(0, dtype=torch.uint8)]
    scales = [torch.empty(0)]
    for block in _split(flat, block_size):
        lo, hi = torch.aminmax(block)
        scale = (hi - lo) / 2
        if scale == 0:
            # constant block
            scale = hi.abs()
        x = block / scale if scale > 0 else block
        codes.append((x.clamp(-1, 1)[:, None] - NF4_LEVELS[None]).abs().argmin(1).to(torch.uint8))
        scales.append(scale.reshape(1))
    return torch.cat(codes).reshape(tensor.shape), torch.cat(scales)


def dequantize_nf4(codes, scales, block_size=64):
    parts = [torch.empty(0)]
    for block, scale in zip(_split(codes.reshape(-1), block_size), scales):
        parts.append(NF4_LEVELS[block.long()] * scale)
    return torch.cat(parts).reshape(codes.shape)
