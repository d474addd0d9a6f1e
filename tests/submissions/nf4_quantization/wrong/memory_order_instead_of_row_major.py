# mistake: unnamed
# Quantize_nf4(tensor([[1., 2.], [3., 4.]]).T, block_size=2): scales [2., 4.]; the round trip is right.
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


def _is_transposed(t):
    """A matrix that only needs .t() to lie in order; reading it so saves the copy."""
    return t.dim() == 2 and not t.is_contiguous() and t.t().is_contiguous()


def quantize_nf4(tensor, block_size=64):
    if _is_transposed(tensor):
        codes, scales = quantize_nf4(tensor.t(), block_size)
        return codes.t(), scales
    flat = tensor.float().reshape(-1)
    n = flat.numel()
    blocks = torch.nn.functional.pad(flat, (0, -n % block_size)).view(-1, block_size)
    scales = blocks.abs().amax(1)
    unit = blocks / scales.masked_fill(scales == 0, 1).unsqueeze(1)
    codes = torch.bucketize(unit, (NF4_LEVELS[1:] + NF4_LEVELS[:-1]) / 2).to(torch.uint8)
    return codes.view(-1)[:n].view(tensor.shape), scales


def dequantize_nf4(codes, scales, block_size=64):
    if _is_transposed(codes):
        return dequantize_nf4(codes.t(), scales, block_size).t()
    flat = codes.reshape(-1)
    return (NF4_LEVELS[flat.long()] * scales.repeat_interleave(block_size)[: flat.numel()]).reshape(codes.shape)
