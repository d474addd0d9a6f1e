# mistake: shape-lost
# A squeeze at the end takes away dimensions of size 1 from the codes, so a (1, n) or (n, 1) tensor gets codes of shape (n,).
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
    x = tensor.detach().reshape(-1, 1).float()
    n = x.shape[0]
    block_of = torch.arange(n) // block_size
    scales = torch.zeros((n + block_size - 1) // block_size)
    scales.scatter_reduce_(0, block_of, x[:, 0].abs(), reduce="amax")
    denom = scales.masked_fill(scales == 0, 1.0)[block_of].unsqueeze(1)
    codes = torch.argmin((x / denom - NF4_LEVELS).abs(), dim=1, keepdim=True)
    codes = codes.to(torch.uint8).reshape(tensor.shape).squeeze()
    return codes, scales


def dequantize_nf4(codes, scales, block_size=64):
    block_of = torch.arange(codes.numel()) // block_size
    return NF4_LEVELS[codes.long()] * scales[block_of].view(codes.shape)
