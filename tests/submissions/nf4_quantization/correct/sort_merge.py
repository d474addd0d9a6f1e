# who: Dmitri, competitive programmer, everything is a sort; unusual: sorts the normalised values once, finds the 15 cuts in them, scatters ranks back
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
L = NF4_LEVELS.double()
CUT = (L[:-1] + L[1:]) / 2


def quantize_nf4(tensor: torch.Tensor, block_size: int = 64):
    a = tensor.detach().double().reshape(-1)
    n = a.numel()
    mx = []
    for l in range(0, n, block_size):
        r = min(n, l + block_size)
        mx.append(max(-a[l:r].min().item(), a[l:r].max().item(), 0.0))
    sc = torch.tensor(mx, dtype=torch.double)
    den = sc.clone()
    den[den == 0] = 1
    a = a / den[torch.arange(n) // block_size]

    srt, order = a.sort()
    # CUT[j] sits before pos[j]: everything from there on has code > j
    pos = torch.searchsorted(srt, CUT)
    d = torch.zeros(n + 1, dtype=torch.long)
    d.index_add_(0, pos, torch.ones(15, dtype=torch.long))
    rank = d.cumsum(0)[:n]
    ans = torch.empty(n, dtype=torch.uint8)
    ans[order] = rank.to(torch.uint8)
    return ans.reshape(tensor.shape), sc.float()


def dequantize_nf4(codes: torch.Tensor, scales: torch.Tensor, block_size: int = 64):
    i = torch.arange(codes.numel()) // block_size
    ans = L[codes.reshape(-1).long()] * scales.double()[i]
    return ans.float().reshape(codes.shape)
