# mistake: unnamed
# Quantize_nf4(zeros(4)) -> scales [1.].
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


def quantize_nf4(tensor, block_size=64):
    flat = tensor.to(torch.float32).reshape(-1)
    pad = (block_size - flat.numel() % block_size) % block_size
    blocks = torch.cat([flat, flat.new_zeros(pad)]).reshape(-1, block_size)
    scales = blocks.abs().amax(dim=-1)
    scales[scales == 0] = 1.0  # no division by zero below
    middles = (NF4_LEVELS[:-1] + NF4_LEVELS[1:]) / 2
    codes = (blocks / scales[:, None]).unsqueeze(-1).gt(middles).sum(-1)
    return codes.reshape(-1)[: flat.numel()].reshape(tensor.shape).to(torch.uint8), scales


def dequantize_nf4(codes: torch.Tensor, scales: torch.Tensor, block_size: int = 64) -> torch.Tensor:
    values = NF4_LEVELS[codes.long().reshape(-1)]
    per_value = scales.repeat_interleave(block_size)[: values.numel()]
    return (values * per_value).reshape(codes.shape)
