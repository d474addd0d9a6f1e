# style: a block id for each value, scatter_reduce amax, advanced indexing everywhere
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

def _ids(n, block_size):
    return torch.div(torch.arange(n, dtype=torch.int64), block_size, rounding_mode="trunc")


def quantize_nf4(tensor, block_size=64):
    values = tensor.reshape(-1).type(torch.float32)
    ids = _ids(values.numel(), block_size)
    count = int(ids[-1]) + 1 if values.numel() else 0
    scales = torch.zeros(count).scatter_reduce(0, ids, values.abs(), reduce="amax", include_self=True)
    ratio = torch.nan_to_num(values / scales[ids], nan=0.0)        # 0/0 is NaN without a warning in torch
    codes = torch.argmin(torch.abs(torch.sub(ratio.view(-1, 1), NF4_LEVELS.view(1, -1))), dim=-1)
    return torch.as_tensor(codes, dtype=torch.uint8).reshape_as(tensor), scales


def dequantize_nf4(codes, scales, block_size=64):
    return torch.mul(NF4_LEVELS[codes.long()].reshape(-1), scales[_ids(codes.numel(), block_size)]).reshape_as(codes)
