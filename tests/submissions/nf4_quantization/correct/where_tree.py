# style: the bitsandbytes CUDA decision tree by hand, nested torch.where, decimal thresholds typed in
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
w = torch.where

def _tree(x):
    return w(x > 0.03979014977812767,
             w(x > 0.3893125355243683,
               w(x > 0.6427869200706482,
                 w(x > 0.8614784181118011, 15, 14),
                 w(x > 0.5016634166240692, 13, 12)),
               w(x > 0.2035212516784668,
                 w(x > 0.2920137718319893, 11, 10),
                 w(x > 0.1202552504837513, 9, 8))),
             w(x > -0.33967943489551544,
               w(x > -0.13791173323988914,
                 w(x > -0.045525018125772475, 7, 6),
                 w(x > -0.23460740596055984, 5, 4)),
               w(x > -0.6106329262256622,
                 w(x > -0.4599952697753906, 3, 2),
                 w(x > -0.8480964004993439, 1, 0))))


def quantize_nf4(tensor, block_size=64):
    rows = [*tensor.float().reshape(-1).split(block_size)] if tensor.numel() else []
    scales = torch.tensor([row.abs().max() for row in rows])
    scales = scales.to(torch.float32)
    codes = [_tree(row / s) if s > 0 else torch.full_like(row, 7) for row, s in zip(rows, scales)]
    codes = torch.cat(codes) if codes else torch.empty(0)
    return codes.to(torch.uint8).reshape(tensor.shape), scales


def dequantize_nf4(codes, scales, block_size=64):
    flat = NF4_LEVELS.index_select(0, codes.reshape(-1).to(torch.int32))
    parts = [block * s for block, s in zip(flat.split(block_size), scales)]
    return (torch.cat(parts) if parts else flat).reshape(codes.shape)
