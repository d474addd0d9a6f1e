# unusual: imports matplotlib, pandas, tqdm and scipy without a guard, uses them only in demos below __main__
import torch
import numpy as np
import matplotlib.pyplot as plt
import pandas as pd
from scipy.stats import norm
from tqdm.auto import tqdm

NF4 = torch.tensor(
    np.array([-1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635,
              -0.18477343022823334, -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725,
              0.24611230194568634, 0.33791524171829224, 0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0]),
    dtype=torch.float32)


def quantize_nf4(tensor, block_size=64):
    flat = tensor.ravel().float()
    codes = torch.empty_like(flat, dtype=torch.uint8)
    scales = torch.empty(int(np.ceil(len(flat) / block_size)), dtype=torch.float32)
    for b in range(len(scales)):
        sl = np.s_[b * block_size:b * block_size + block_size]
        scales[b] = flat[sl].abs().max()
        if scales[b] > 0:
            codes[sl] = torch.cdist((flat[sl] / scales[b])[:, None].double(), NF4[:, None].double(),
                                    compute_mode="donot_use_mm_for_euclid_dist").argmin(1).to(torch.uint8)
        else:
            codes[sl] = 7
    return codes.view(tensor.size()), scales


def dequantize_nf4(codes, scales, block_size=64):
    flat = NF4[codes.ravel().long()]
    for b in range(len(scales)):
        flat[b * block_size:(b + 1) * block_size] *= scales[b]
    return flat.view(codes.size())


def theory():
    return norm.ppf(np.linspace(0.0322917, 0.5, 8))


if __name__ == "__main__":
    x = torch.randn(10_000)
    rows = []
    for bs in tqdm([16, 32, 64, 128]):
        err = (dequantize_nf4(*quantize_nf4(x, bs), bs) - x).abs()
        rows.append(dict(block=bs, mean=err.mean().item(), max=err.max().item()))
    print(pd.DataFrame(rows))
    plt.hist(err.numpy(), bins=100)
    plt.show()
