# mistake: unnamed
# unfold refuses a window longer than the tensor, so a tensor with fewer values than block_size raises a RuntimeError.
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
MIDS = (NF4_LEVELS[:-1] + NF4_LEVELS[1:]) / 2


def quantize_nf4(tensor, block_size=64):
    flat = tensor.detach().float().reshape(-1)
    n = flat.numel()
    if n == 0:
        return torch.zeros(tensor.shape, dtype=torch.uint8), torch.zeros(0)
    whole = flat.unfold(0, block_size, block_size)
    scales = whole.abs().amax(dim=1)
    rest = flat[whole.numel():]
    if rest.numel():
        scales = torch.cat([scales, rest.abs().max().view(1)])
    per_value = scales[torch.arange(n) // block_size]
    unit = flat / per_value.masked_fill(per_value == 0, 1.0)
    return torch.bucketize(unit, MIDS).to(torch.uint8).reshape(tensor.shape), scales


def dequantize_nf4(codes, scales, block_size=64):
    per_value = scales[torch.arange(codes.numel()) // block_size]
    return NF4_LEVELS[codes.long()] * per_value.reshape(codes.shape)
