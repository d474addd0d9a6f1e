# style: np.interp maps levels to 0..15 piecewise linearly, rint finds the nearest; own exceptions; refuses NaN
import numpy as np
import torch

_LEVELS = np.array([-1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224, 0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0])
_INDEX = np.arange(16.0)


class NF4Error(ValueError):
    pass


def quantize_nf4(tensor, block_size=64):
    if not isinstance(tensor, torch.Tensor) or not tensor.dtype.is_floating_point:
        raise NF4Error("need a floating tensor")
    if int(block_size) != block_size or block_size < 1:
        raise NF4Error("block_size must be a positive integer")
    if not torch.isfinite(tensor).all():
        raise NF4Error("NaN or infinity")
    x = tensor.double().reshape(-1).numpy()
    scales = np.array([np.abs(x[i:i + block_size]).max() for i in range(0, len(x), block_size)], dtype=np.float64)
    per_value = np.repeat(scales, block_size)[: len(x)]
    y = np.divide(x, per_value, out=np.zeros_like(x), where=per_value > 0)
    codes = np.rint(np.interp(y, _LEVELS, _INDEX)).astype(np.uint8)
    return torch.tensor(codes).reshape(tensor.shape), torch.tensor(scales, dtype=torch.float32)


def dequantize_nf4(codes, scales, block_size=64):
    if codes.dtype != torch.uint8 or codes.numel() and codes.max() > 15:
        raise NF4Error("codes are uint8 from 0 to 15")
    if len(scales) != -(-codes.numel() // block_size):
        raise NF4Error("scales do not fit")
    values = np.interp(codes.reshape(-1).double().numpy(), _INDEX, _LEVELS)
    values *= np.repeat(scales.double().numpy(), block_size)[: len(values)]
    return torch.tensor(values.astype(np.float32)).reshape(codes.shape)
