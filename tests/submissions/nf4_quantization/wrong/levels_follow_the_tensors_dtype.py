# mistake: unnamed
# Bfloat16 or float16 input near a middle: the levels were rounded to that dtype first (e.g. bfloat16 randn(4096)).
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
    levels = NF4_LEVELS.to(tensor)  # to where the tensor is
    flat = tensor.reshape(-1).to(torch.float32)  # 3 digits would not do
    n = flat.numel()
    blocks = torch.nn.functional.pad(flat, (0, (block_size - n % block_size) % block_size)).reshape(-1, block_size)
    scales = torch.amax(torch.abs(blocks), dim=1)
    unit = torch.zeros_like(blocks)
    used = scales != 0
    unit[used] = blocks[used] / scales[used, None]
    codes = torch.argmin(torch.abs(unit.unsqueeze(-1) - levels), dim=-1)
    return codes.reshape(-1)[:n].reshape(tensor.shape).to(torch.uint8), scales


def dequantize_nf4(codes: torch.Tensor, scales: torch.Tensor, block_size: int = 64) -> torch.Tensor:
    values = NF4_LEVELS[codes.long().reshape(-1)]
    per_value = scales.repeat_interleave(block_size)[: values.numel()]
    return (values * per_value).reshape(codes.shape)
