# mistake: unnamed
# T = randn(64); quantize_nf4(t): some values differ by one unit in the last place.
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
    """Block by block, without a copy of the tensor; every block is put back as it was."""
    flat = tensor.float().reshape(-1)
    codes = torch.full((flat.numel(),), 7, dtype=torch.uint8)
    scales = torch.zeros(-(-flat.numel() // block_size))
    for i in range(scales.numel()):
        here = slice(i * block_size, (i + 1) * block_size)
        block = flat[here]
        scale = block.abs().max()
        if scale == 0:
            continue
        scales[i] = scale
        block /= scale
        codes[here] = (block.unsqueeze(1) - NF4_LEVELS).abs().argmin(1).to(torch.uint8)
        block *= scale
    return codes.view(tensor.shape), scales


def dequantize_nf4(codes: torch.Tensor, scales: torch.Tensor, block_size: int = 64) -> torch.Tensor:
    values = NF4_LEVELS[codes.long().reshape(-1)]
    per_value = scales.repeat_interleave(block_size)[: values.numel()]
    return (values * per_value).reshape(codes.shape)
