# mistake: unnamed
# The tensor is processed in chunks of 4096 values and blocks restart in each, which shows beyond 4096 values when block_size does not divide 4096.
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
CHUNK = 4096  # keeps the (n, 16) distance matrix small


def quantize_nf4(tensor, block_size=64):
    flat = tensor.detach().float().reshape(-1)
    if flat.numel() == 0:
        return torch.zeros(tensor.shape, dtype=torch.uint8), torch.zeros(0)
    codes, scales = [], []
    for chunk in flat.split(max(CHUNK, block_size)):
        for block in chunk.split(block_size):
            s = block.abs().max()
            scales.append(s)
            x = block / s if s > 0 else block
            codes.append((x.unsqueeze(1) - NF4_LEVELS).abs().argmin(1).to(torch.uint8))
    return torch.cat(codes).reshape(tensor.shape), torch.stack(scales)


def dequantize_nf4(codes, scales, block_size=64):
    flat = NF4_LEVELS[codes.reshape(-1).long()]
    return (flat * scales[torch.arange(flat.numel()) // block_size]).reshape(codes.shape)
