# mistake: tensor-wide-scale
# The block scales are returned rightly, but the codes are taken relative to the largest value of the whole tensor.
import numpy as np
import torch

NF4_LEVELS = np.array([
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
], dtype=np.float32)


def quantize_nf4(tensor, block_size=64):
    w = tensor.detach().to(torch.float32).cpu().numpy().ravel()
    absmax = np.abs(w).max(initial=0.0)
    norm = w / absmax if absmax > 0 else w
    codes = np.zeros(w.size, dtype=np.uint8)
    best = np.full(w.size, np.inf, dtype=np.float32)
    for k, level in enumerate(NF4_LEVELS):
        d = np.abs(norm - level)
        closer = d < best
        codes[closer] = k
        best[closer] = d[closer]
    scales = np.array([np.abs(w[i:i + block_size]).max() for i in range(0, w.size, block_size)], dtype=np.float32)
    return torch.from_numpy(codes).reshape(tensor.shape), torch.from_numpy(scales)


def dequantize_nf4(codes, scales, block_size=64):
    c = codes.cpu().numpy().ravel().astype(np.int64)
    s = scales.cpu().numpy()
    out = NF4_LEVELS[c] * s[np.arange(c.size) // block_size]
    return torch.from_numpy(np.asarray(out, dtype=np.float32)).reshape(codes.shape)
