# mistake: unnamed
# Quantize_nf4(empty(0, dtype=float16))[1].dtype is float16.
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
    if not tensor.numel():
        return tensor.new_empty(tensor.shape, dtype=torch.uint8), tensor.new_empty(0)
    x = tensor.to(torch.float32).reshape(-1)
    blocks = torch.nn.utils.rnn.pad_sequence(list(x.split(block_size)), batch_first=True)
    scales = torch.linalg.vector_norm(blocks, ord=float("inf"), dim=1)
    unit = blocks / scales.clamp_min(torch.finfo(torch.float32).tiny)[:, None]
    codes = torch.cdist(unit.reshape(-1, 1).double(), NF4_LEVELS.reshape(-1, 1).double(), p=1.0).argmin(1)
    keep = (torch.arange(len(scales))[:, None] * block_size + torch.arange(blocks.shape[1])) < x.numel()
    return codes[keep.reshape(-1)].to(torch.uint8).reshape(tensor.shape), scales


def dequantize_nf4(codes: torch.Tensor, scales: torch.Tensor, block_size: int = 64) -> torch.Tensor:
    values = NF4_LEVELS[codes.long().reshape(-1)]
    per_value = scales.repeat_interleave(block_size)[: values.numel()]
    return (values * per_value).reshape(codes.shape)
