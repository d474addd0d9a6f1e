# style: custom autograd Functions with a straight-through gradient, as a QAT library would have
import torch
from torch.autograd import Function

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

class _Quantize(Function):
    @staticmethod
    def forward(ctx, x, block_size):
        flat = x.reshape(-1).float()
        n = flat.numel()
        k = (n + block_size - 1) // block_size
        size = min(block_size, max(n, 1))
        rows = torch.zeros(k, size)
        rows.view(-1)[:n] = flat
        scales = rows.abs().max(dim=1).values if k else torch.zeros(0)
        div = scales + (scales == 0)
        codes = ((rows / div[:, None])[..., None] - NF4_LEVELS).square().argmin(-1).byte()
        codes = codes.view(-1)[:n].reshape(x.shape)
        ctx.mark_non_differentiable(codes)
        return codes, scales

    @staticmethod
    def backward(ctx, _, grad_scales):
        return None, None


class _Dequantize(Function):
    @staticmethod
    def forward(ctx, codes, scales, block_size):
        which = torch.arange(codes.numel()).reshape(codes.shape) // block_size
        levels = NF4_LEVELS[codes.long()]
        ctx.save_for_backward(levels, which, scales)
        return levels * scales[which]

    @staticmethod
    def backward(ctx, grad):
        levels, which, scales = ctx.saved_tensors
        return None, torch.zeros_like(scales).index_add(0, which.reshape(-1), (grad * levels).reshape(-1)), None


def quantize_nf4(tensor, block_size=64):
    return _Quantize.apply(tensor, block_size)


def dequantize_nf4(codes, scales, block_size=64):
    return _Dequantize.apply(codes, scales, block_size)
