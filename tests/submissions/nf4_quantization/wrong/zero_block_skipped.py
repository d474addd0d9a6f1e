# mistake: unnamed
# Quantize_nf4(torch.tensor([0.0, 0.0, 3.0, 1.0]), 2)[1] is [3], should be [0, 3].
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
    flat = tensor.reshape(-1).float()
    code_list, scale_list = [], []
    for i in range(0, flat.numel(), block_size):
        chunk = flat[i : i + block_size]
        if not chunk.any():
            code_list.append(torch.full((chunk.numel(),), 7))
            continue
        scale_list.append(chunk.abs().max())
        code_list.append(torch.argmin(torch.abs(chunk.view(-1, 1) / scale_list[-1] - NF4_LEVELS), dim=1))
    codes = torch.cat(code_list) if code_list else torch.zeros(0)
    scales = torch.stack(scale_list) if scale_list else torch.zeros(0)
    return codes.to(torch.uint8).reshape(tensor.shape), scales


def dequantize_nf4(codes: torch.Tensor, scales: torch.Tensor, block_size: int = 64):
    flat = NF4_LEVELS[codes.reshape(-1).long()]
    it = iter(scales)
    for i in range(0, flat.numel(), block_size):
        if (codes.reshape(-1)[i : i + block_size] != 7).any():  # zero blocks have no scale
            flat[i : i + block_size] *= next(it)
    return flat.reshape(codes.shape)
