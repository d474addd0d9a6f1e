# mistake: unnamed
# Quantize_nf4([-3., 1.]) -> scale 1.
import torch
import torch.nn.functional as F

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
    flat = tensor.reshape(-1).to(torch.float32)
    n = flat.numel()
    if n == 0:
        return torch.zeros(tensor.shape, dtype=torch.uint8), torch.zeros(0)
    blocks = F.pad(flat, (0, -n % block_size)).view(-1, block_size)
    scales = blocks.max(dim=1).values.abs()
    normed = torch.where(scales[:, None] > 0, blocks / scales[:, None].clamp_min(1e-38), torch.zeros_like(blocks))
    codes = (normed[..., None] - NF4_LEVELS).abs().argmin(-1).to(torch.uint8)
    return codes.view(-1)[:n].reshape(tensor.shape), scales


def dequantize_nf4(codes: torch.Tensor, scales: torch.Tensor, block_size: int = 64) -> torch.Tensor:
    values = NF4_LEVELS[codes.long().reshape(-1)]
    per_value = scales.repeat_interleave(block_size)[: values.numel()]
    return (values * per_value).reshape(codes.shape)
