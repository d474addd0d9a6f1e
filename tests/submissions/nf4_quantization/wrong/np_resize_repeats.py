# mistake: unnamed
# Quantize_nf4(torch.tensor([9.0, 1.0, 1.0]), 2)[1] is [9, 9], should be [9, 1].
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


def quantize_nf4(tensor: torch.Tensor, block_size: int = 64):
    arr = tensor.float().numpy().ravel()
    size = arr.size
    rows = int(np.ceil(size / block_size))
    arr = np.resize(arr, (rows, block_size))  # also fills the missing cells
    scale = np.max(np.abs(arr), axis=1, initial=0)
    arr = arr / np.where(scale == 0, 1, scale).reshape(-1, 1)
    lev = NF4_LEVELS.numpy()
    codes = np.searchsorted((lev[1:] + lev[:-1]) / 2, arr)
    codes = codes.flatten()[:size].astype(np.uint8)
    return torch.from_numpy(codes).reshape(tensor.shape), torch.from_numpy(scale.astype(np.float32))


def dequantize_nf4(codes: torch.Tensor, scales: torch.Tensor, block_size: int = 64):
    lev = NF4_LEVELS.numpy()[codes.numpy()].ravel()
    factor = scales.numpy().repeat(block_size)[: lev.size]
    return torch.from_numpy(lev * factor).reshape(codes.shape)
