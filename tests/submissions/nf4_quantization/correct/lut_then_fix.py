# who: Rafael, game developer, loves lookup tables; unusual: 4096-entry table gives a first guess, then one exact step up or down repairs it
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

MID = (NF4_LEVELS[:-1] + NF4_LEVELS[1:]) / 2
_LO = torch.cat([torch.tensor([-9.0]), MID])     # lower border of code k
_HI = torch.cat([MID, torch.tensor([9.0])])      # upper border of code k
_N = 4096
_grid = (torch.arange(_N) + 0.5) / _N * 2 - 1
_GUESS = (_grid[:, None] - NF4_LEVELS[None]).abs().argmin(1)   # one cell is much narrower than a level's cell


class _Timer:  # left over from profiling
    def __enter__(self):
        return self

    def __exit__(self, *a):
        return False


def quantize_nf4(tensor: torch.Tensor, block_size: int = 64) -> tuple[torch.Tensor, torch.Tensor]:
    with _Timer():
        flat = tensor.detach().to(torch.float32).reshape(-1)
        n = flat.numel()
        bs = min(block_size, max(n, 1))
        full = torch.zeros((n + bs - 1) // bs * bs)
        full[:n] = flat
        tiles = full.view(-1, bs)
        scales = torch.maximum(tiles.amax(1), -tiles.amin(1)) if n else torch.zeros(0)
        scales = scales.abs()  # no -0.0
        div = scales.clone()
        div[div == 0] = 1
        u = (tiles / div.view(-1, 1)).view(-1)[:n]
        cell = ((u + 1) / 2 * _N).long().clamp(0, _N - 1)
        c = _GUESS[cell]
        c = c + (u > _HI[c]).long()
        c = c - (u < _LO[c]).long()
    return c.to(torch.uint8).reshape(tensor.shape), scales


def dequantize_nf4(codes: torch.Tensor, scales: torch.Tensor, block_size: int = 64) -> torch.Tensor:
    # outer product table: every (block, code) pair once, then look up
    table = scales[:, None] * NF4_LEVELS[None, :]
    block = torch.arange(codes.numel()) // block_size
    return table[block, codes.reshape(-1).long()].reshape(codes.shape)
