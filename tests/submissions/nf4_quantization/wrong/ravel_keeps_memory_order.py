# mistake: unnamed
# Quantize_nf4(torch.tensor([[1.0, 2.0], [3.0, 4.0]]).t(), 2)[1] is [2, 4], should be [3, 4].
import numpy as np
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


def _np(t):
    return t.detach().to(torch.float32).numpy()


def quantize_nf4(tensor: torch.Tensor, block_size: int = 64):
    array = _np(tensor)
    values = array.ravel("K")            # "K" avoids the copy
    middles = ((NF4_LEVELS[1:] + NF4_LEVELS[:-1]) / 2).numpy()
    codes = np.full(array.shape, 7, dtype=np.uint8)
    out = codes.reshape(-1)
    scales = []
    for first in range(0, values.size, block_size):
        block = values[first : first + block_size]
        scale = float(np.max(np.abs(block)))
        scales.append(scale)
        if scale:
            out[first : first + block_size] = np.searchsorted(middles, block / np.float32(scale))
    return torch.from_numpy(codes), torch.tensor(scales, dtype=torch.float32)


def dequantize_nf4(codes: torch.Tensor, scales: torch.Tensor, block_size: int = 64):
    values = NF4_LEVELS[codes.long()]
    factor = torch.repeat_interleave(scales, block_size)[: values.numel()]
    return values * factor.reshape(values.shape)
