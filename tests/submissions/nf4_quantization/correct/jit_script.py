# torch.jit.script functions; plain Python ones where their source cannot be read
import warnings

import torch

NF4_LEVELS = torch.tensor([
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
])


def _quantize(x: torch.Tensor, levels: torch.Tensor, block_size: int):
    n = x.numel()
    n_blocks = (n + block_size - 1) // block_size
    scales = torch.zeros([n_blocks], dtype=torch.float32)
    codes = torch.full([n], 7, dtype=torch.uint8)
    for i in range(n_blocks):
        block = x[i * block_size : (i + 1) * block_size]
        scale = block.abs().max()
        scales[i] = scale
        if scale.item() > 0.0:
            distance = (block.unsqueeze(1) / scale - levels).abs()
            codes[i * block_size : (i + 1) * block_size] = distance.argmin(dim=1).to(torch.uint8)
    return codes, scales


def _dequantize(codes: torch.Tensor, scales: torch.Tensor, levels: torch.Tensor, block_size: int):
    out = levels[codes.to(torch.int64)]
    for i in range(scales.numel()):
        out[i * block_size : (i + 1) * block_size] *= scales[i]
    return out


with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    try:
        _quantize, _dequantize = torch.jit.script(_quantize), torch.jit.script(_dequantize)
    except OSError:  # no access to the source file
        pass


def quantize_nf4(tensor, block_size=64):
    codes, scales = _quantize(tensor.float().reshape(-1), NF4_LEVELS, block_size)
    return codes.reshape(tensor.shape), scales


def dequantize_nf4(codes, scales, block_size=64):
    return _dequantize(codes.reshape(-1), scales, NF4_LEVELS, block_size).reshape(codes.shape)
