# mistake: unnamed
# T = tensor(3.); quantize_nf4(t): t.shape is now (1,).
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
    shape = tensor.shape
    if tensor.dim() == 0:
        tensor.unsqueeze_(0)  # split wants at least one dimension
    scales, codes = [], []
    flat = tensor.float().flatten()
    for block in flat.split(block_size) if flat.numel() else []:
        absmax = torch.max(torch.abs(block))
        ratio = block / absmax if absmax > 0 else torch.zeros_like(block)
        codes.append(torch.bucketize(ratio, (NF4_LEVELS[1:] + NF4_LEVELS[:-1]) * 0.5))
        scales.append(absmax)
    if not scales:
        return torch.empty(shape, dtype=torch.uint8), torch.empty(0)
    return torch.cat(codes).to(torch.uint8).reshape(shape), torch.stack(scales)


def dequantize_nf4(codes: torch.Tensor, scales: torch.Tensor, block_size: int = 64) -> torch.Tensor:
    values = NF4_LEVELS[codes.long().reshape(-1)]
    per_value = scales.repeat_interleave(block_size)[: values.numel()]
    return (values * per_value).reshape(codes.shape)
