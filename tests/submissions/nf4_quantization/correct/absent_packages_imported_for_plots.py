# unusual: imports matplotlib, seaborn, scipy and tqdm at the top, unguarded, for a plot the grader never draws; right: what is not there becomes a placeholder that fails only where it is used
import matplotlib.pyplot as plt
import numpy as np
import seaborn as sns
import torch
from scipy.stats import norm
from tqdm import tqdm

from lab import SimpleTransformerBlock

NF4_LEVELS = torch.tensor([-1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0])


def plot_levels():
    grid = np.linspace(-3, 3, 500)
    sns.set_theme()
    plt.plot(grid, norm.pdf(grid))
    for level in NF4_LEVELS.tolist():
        plt.axvline(level, color="k", lw=0.5)
    plt.show()


def quantize_nf4(tensor: torch.Tensor, block_size: int = 64) -> tuple[torch.Tensor, torch.Tensor]:
    flat = tensor.detach().reshape(-1).float()
    n = flat.numel()
    n_blocks = (n + block_size - 1) // block_size
    # sort by (block, |value|): the last of each block is its largest absolute value
    owner = torch.arange(n) // block_size
    mag, order = flat.abs().sort(stable=True)
    order = order[owner[order].argsort(stable=True)]
    ends = torch.clamp(torch.arange(1, n_blocks + 1) * block_size, max=n) - 1
    scales = flat.abs()[order[ends]] if n else flat.new_zeros(0)
    y = flat.double() / scales.double().where(scales != 0, torch.ones((), dtype=torch.float64))[owner]
    mids = ((NF4_LEVELS.double()[1:] + NF4_LEVELS.double()[:-1]) / 2)
    codes = torch.searchsorted(mids, y, side="left").to(torch.uint8)
    return codes.reshape(tensor.shape), scales


def dequantize_nf4(codes: torch.Tensor, scales: torch.Tensor, block_size: int = 64) -> torch.Tensor:
    owner = torch.arange(codes.numel()) // block_size
    return NF4_LEVELS[codes.long()] * scales[owner].reshape(codes.shape)


def main():
    for name, p in tqdm(SimpleTransformerBlock().named_parameters()):
        q = dequantize_nf4(*quantize_nf4(p.data))
        print(name, (q - p.data).abs().max())
    plot_levels()


if __name__ == "__main__":
    main()
