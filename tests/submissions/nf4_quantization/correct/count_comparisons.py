# style: code = number of middles that lie below, heaviside and cumulative sums, no division: middles times scale
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
_middles = NF4_LEVELS.double().unfold(0, 2, 1).mean(-1)


def quantize_nf4(tensor: torch.Tensor, block_size: int = 64):
    x = tensor.reshape(-1).double()
    starts = range(0, x.numel(), block_size)
    scales = torch.tensor([x[i:i + block_size].abs().max().item() for i in starts], dtype=torch.float64)
    per_value = torch.repeat_interleave(scales, block_size)[: x.numel()]
    below = torch.heaviside(x[:, None] - _middles * per_value[:, None], torch.zeros((), dtype=torch.float64))
    codes = below.cumsum(1)[:, -1]
    codes[per_value == 0] = 7           # there all 15 middles became 0
    return codes.to(torch.uint8).reshape(tensor.shape), scales.float()


def dequantize_nf4(codes: torch.Tensor, scales: torch.Tensor, block_size: int = 64):
    s = scales[:, None].expand(-1, block_size).reshape(-1)[: codes.numel()].view(codes.shape)
    return s * NF4_LEVELS[codes.to(torch.int64)]
