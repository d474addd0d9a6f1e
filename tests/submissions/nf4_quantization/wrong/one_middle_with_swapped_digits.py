# mistake: unnamed
# Quantize_nf4([1., .863]): code 14 instead of 15 (0.86418 for 0.86148).
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


# the decision tree of the CUDA kernel: node -> (threshold, left, right); leaves are codes
_TREE = (
    0.03979014977812767,
    (-0.33967941999435425,
        (-0.6106329262256622,
            (-0.8480964004993439, 0, 1),
            (-0.4599952697753906, 2, 3)),
        (-0.13791173323988914,
            (-0.23460740596055984, 4, 5),
            (-0.045525018125772476, 6, 7))),
    (0.38931253552436830,
        (0.2035212516784668,
            (0.1202552504837513, 8, 9),
            (0.2920137718319893, 10, 11)),
        (0.6427869200706482,
            (0.5016634166240692, 12, 13),
            (0.8641784181118011, 14, 15))),
)


def _descend(node, x, where, codes):
    if isinstance(node, int):
        codes[where] = node
        return
    threshold, low, high = node
    _descend(low, x, where & (x <= threshold), codes)
    _descend(high, x, where & (x > threshold), codes)


def quantize_nf4(tensor, block_size=64):
    x = tensor.float().reshape(-1).clone()
    scales = torch.zeros(-(-x.numel() // block_size))
    for k, block in enumerate(x.split(block_size) if x.numel() else ()):
        scales[k] = block.abs().max()
        if scales[k] > 0:
            block /= scales[k]
    codes = torch.empty(x.shape, dtype=torch.uint8)
    _descend(_TREE, x, torch.ones_like(x, dtype=torch.bool), codes)
    return codes.reshape(tensor.shape), scales


def dequantize_nf4(codes: torch.Tensor, scales: torch.Tensor, block_size: int = 64) -> torch.Tensor:
    values = NF4_LEVELS[codes.long().reshape(-1)]
    per_value = scales.repeat_interleave(block_size)[: values.numel()]
    return (values * per_value).reshape(codes.shape)
