# unusual: a torch.autograd.Function does the work (straight-through gradient for the fake-quantized value, codes marked non-differentiable); right: without gradients it is the plain mapping
import torch

NF4_LEVELS = torch.tensor([-1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0])


class _NF4(torch.autograd.Function):
    @staticmethod
    def forward(ctx, tensor, block_size):
        x = tensor.reshape(-1).to(torch.float32)
        n = x.numel()
        index = torch.arange(n, device=x.device) // block_size
        nb = (n + block_size - 1) // block_size
        scales = x.new_zeros(nb).scatter_reduce(0, index, x.abs(), reduce="amax")
        s = scales[index]
        zero = s == 0
        z = x / (s + zero)                      # + 1 only where the scale is 0
        codes = (z[:, None] - NF4_LEVELS.to(x.device)).abs().argmin(dim=-1).to(torch.uint8)
        codes = codes.view(tensor.shape)
        fake = (NF4_LEVELS.to(x.device)[codes.long()].view(-1) * s).view(tensor.shape)
        ctx.mark_non_differentiable(codes, scales)
        return fake, codes, scales

    @staticmethod
    def backward(ctx, g_fake, _g_codes, _g_scales):
        return g_fake, None


class _DeNF4(torch.autograd.Function):
    @staticmethod
    def forward(ctx, codes, scales, block_size):
        index = (torch.arange(codes.numel(), device=codes.device) // block_size).view(codes.shape)
        lev = NF4_LEVELS.to(codes.device)[codes.long()]
        ctx.save_for_backward(lev, index)
        ctx.n = scales.shape[0]
        return lev * scales[index]

    @staticmethod
    def backward(ctx, g):
        lev, index = ctx.saved_tensors
        return None, g.new_zeros(ctx.n).index_add(0, index.reshape(-1), (g * lev).reshape(-1)), None


def fake_quantize(tensor, block_size=64):
    return _NF4.apply(tensor, block_size)[0]


def quantize_nf4(tensor, block_size=64):
    _, codes, scales = _NF4.apply(tensor, block_size)
    return codes, scales


def dequantize_nf4(codes, scales, block_size=64):
    return _DeNF4.apply(codes, scales, block_size)
