# style: decorated with torch.inference_mode(), so all results are inference tensors
import torch

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
BOUNDS = (NF4_LEVELS[:-1] + NF4_LEVELS[1:]) / 2


@torch.inference_mode()
def quantize_nf4(tensor: torch.Tensor, block_size: int = 64):
    flat = tensor.reshape(-1).float()
    n = flat.numel()
    padded = torch.nn.functional.pad(flat, (0, -n % block_size)).reshape(-1, block_size)
    if n == 0:
        scales = flat
    else:
        lo, hi = padded.aminmax(dim=1)
        scales = torch.maximum(-lo, hi)
    normed = padded / torch.where(scales != 0, scales, 1.0)[:, None]
    codes = torch.bucketize(normed, BOUNDS).to(torch.uint8)
    return codes.reshape(-1)[:n].reshape(tensor.shape), scales


@torch.inference_mode()
def dequantize_nf4(codes: torch.Tensor, scales: torch.Tensor, block_size: int = 64):
    n = codes.numel()
    levels = NF4_LEVELS[codes.reshape(-1).long()]
    levels = torch.nn.functional.pad(levels, (0, -n % block_size)).reshape(-1, block_size)
    return (levels * scales[:, None]).reshape(-1)[:n].reshape(codes.shape)
