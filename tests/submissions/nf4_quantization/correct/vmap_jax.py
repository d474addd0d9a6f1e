# who: Priya, JAX user, pure functions only, vmap over blocks; unusual: torch.func.vmap of a one-block function, never an if on values
from functools import partial

import torch
from torch.func import vmap

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

# "jnp-like" helpers ------------------------------------------------------------------


def pad_to_blocks(x, bs):
    n = x.shape[0]
    return torch.cat([x, x.new_zeros((-n) % bs)]).reshape(-1, bs)


def quantize_block(levels, block):
    """block (bs,) -> codes (bs,), scale ()"""
    scale = torch.amax(torch.abs(block))
    unit = block / torch.where(scale == 0, torch.ones_like(scale), scale)
    codes = torch.argmin(torch.abs(unit[:, None] - levels[None, :]), dim=1)
    return codes, scale


def dequantize_block(levels, codes, scale):
    return torch.index_select(levels, 0, codes) * scale


# API ---------------------------------------------------------------------------------


def quantize_nf4(tensor: torch.Tensor, block_size: int = 64):
    x = tensor.reshape(-1).to(torch.float32)
    if x.shape[0] == 0:
        return tensor.to(torch.uint8).clone(), torch.zeros((0,), dtype=torch.float32)
    bs = min(block_size, x.shape[0])
    codes, scales = vmap(partial(quantize_block, NF4_LEVELS))(pad_to_blocks(x, bs))
    return codes.reshape(-1)[: x.shape[0]].reshape(tensor.shape).to(torch.uint8), scales


def dequantize_nf4(codes: torch.Tensor, scales: torch.Tensor, block_size: int = 64):
    c = codes.reshape(-1).to(torch.int32)
    if c.shape[0] == 0:
        return torch.zeros(codes.shape, dtype=torch.float32)
    bs = min(block_size, c.shape[0])
    y = vmap(partial(dequantize_block, NF4_LEVELS))(pad_to_blocks(c, bs), scales)
    return y.reshape(-1)[: c.shape[0]].reshape(codes.shape)
