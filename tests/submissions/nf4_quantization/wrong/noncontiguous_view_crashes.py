# mistake: unnamed
# tensor.view(-1) raises a RuntimeError on a transposed tensor or one sliced in its columns.
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
    flat = tensor.detach().view(-1).float()
    n = flat.numel()
    n_blocks = (n + block_size - 1) // block_size
    codes = torch.zeros(n, dtype=torch.uint8)
    scales = torch.zeros(n_blocks)
    for i in range(n_blocks):
        start, end = i * block_size, min((i + 1) * block_size, n)
        block = flat[start:end]
        scales[i] = block.abs().max()
        if scales[i] == 0:
            codes[start:end] = 7
        else:
            codes[start:end] = (block.unsqueeze(1) / scales[i] - NF4_LEVELS.unsqueeze(0)).abs().argmin(dim=1)
    return codes.view(tensor.shape), scales


def dequantize_nf4(codes, scales, block_size=64):
    flat = codes.reshape(-1).long()
    scale_per_value = scales[torch.arange(flat.numel()) // block_size]
    return (NF4_LEVELS[flat] * scale_per_value).reshape(codes.shape)
