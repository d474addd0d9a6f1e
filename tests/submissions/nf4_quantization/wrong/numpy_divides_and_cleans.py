# mistake: unnamed
# Python -W error: quantize_nf4(torch.zeros(4)) raises RuntimeWarning: invalid value encountered in divide.
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
_TABLE = NF4_LEVELS.numpy()


def quantize_nf4(tensor: torch.Tensor, block_size: int = 64):
    a = tensor.detach().float().numpy().reshape(-1)
    n = a.size
    a = np.pad(a, (0, -n % block_size)).reshape(-1, block_size)
    s = np.abs(a).max(axis=1) if n else np.zeros(0, np.float32)
    r = np.nan_to_num(a / s[:, None], nan=0.0)
    codes = np.abs(r[..., None] - _TABLE).argmin(-1).astype(np.uint8).reshape(-1)[:n]
    return torch.from_numpy(codes.reshape(tuple(tensor.shape))), torch.from_numpy(s)


def dequantize_nf4(codes: torch.Tensor, scales: torch.Tensor, block_size: int = 64):
    n = codes.numel()
    per = np.repeat(scales.numpy(), block_size)[:n].reshape(tuple(codes.shape))
    return torch.from_numpy(np.asarray(_TABLE[codes.numpy()] * per))
