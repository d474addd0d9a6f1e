# mistake: unnamed
# Quantize_nf4(torch.ones(65))[1] has 1 entry, should be 2; a 0-d tensor gives none.
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
    # MATLAB habits: for k = 1:block_size:n
    x = tensor.to(torch.float32).reshape(-1)
    n = x.numel()
    codes = 7 * torch.ones(n, dtype=torch.uint8)
    scales = []
    for k in range(0, n - 1, block_size):
        xb = x[k : min(k + block_size, n)]
        sb = torch.linalg.vector_norm(xb, float("inf"))
        scales += [sb]
        if sb:
            [_, ib] = torch.min(torch.abs(xb / sb - NF4_LEVELS.reshape(16, 1)), dim=0)
            codes[k : min(k + block_size, n)] = ib.to(torch.uint8)
    return codes.reshape(tensor.shape), torch.tensor(scales, dtype=torch.float32)


def dequantize_nf4(codes: torch.Tensor, scales: torch.Tensor, block_size: int = 64):
    x = NF4_LEVELS[codes.reshape(-1).to(torch.int64)]
    for j in range(scales.numel()):
        x[j * block_size : (j + 1) * block_size] *= scales[j]
    return x.reshape(codes.shape)
