# mistake: unnamed
# Quantize_nf4(torch.tensor([1.0, 0.25])) gives code 11 for 0.25, should be 10.
"""dQuantizeNF4 from bitsandbytes, as a nested tuple: (threshold, below, above)."""
import torch

# The 16 levels of NF4, ascending from -1 to 1; level 7 is 0.
# Dettmers et al. 2023, "QLoRA", arXiv 2305.14314, Appendix E.
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

TREE = (
    0.03979014977812767,
    (
        -0.33967943489551544,
        (-0.6106329262256622, (-0.8480964004993439, 0, 1), (-0.4599952697753906, 2, 3)),
        (-0.13791173323988914, (-0.23460740596055984, 4, 5), (-0.045525018125772476, 6, 7)),
    ),
    (
        0.3893125355243683,
        (0.2035212516784668, (0.1202552504837513, 8, 9), (0.2920137718319893, 11, 10)),
        (0.6427869200706482, (0.5016634166240692, 12, 13), (0.8614784181118011, 14, 15)),
    ),
)


def walk(x, node=TREE):
    while isinstance(node, tuple):
        threshold, below, above = node
        node = above if x > threshold else below
    return node


def quantize_nf4(tensor: torch.Tensor, block_size: int = 64):
    A = tensor.reshape(-1).float()
    out, absmax = [], []
    for i in range(0, A.numel(), block_size):
        block = A[i : i + block_size]
        m = block.abs().max()
        absmax.append(m.item())
        out.extend(map(walk, (block / m).tolist()) if m > 0 else [7] * block.numel())
    return torch.tensor(out, dtype=torch.uint8).reshape(tensor.shape), torch.tensor(absmax, dtype=torch.float32)


def dequantize_nf4(codes: torch.Tensor, scales: torch.Tensor, block_size: int = 64):
    blk = torch.arange(codes.numel()) // block_size
    return NF4_LEVELS[codes.long()] * scales[blk].reshape(codes.shape)
