# mistake: unnamed
# Dequantize_nf4([15, 15, 15, 15], [1., 2.], 2) -> 1 2 1 2.
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


def quantize_nf4(tensor: torch.Tensor, block_size: int = 64):
    flat = tensor.detach().float().reshape(-1)
    n = flat.numel()
    n_blocks = -(-n // block_size)
    padded = torch.zeros(n_blocks * block_size)
    padded[:n] = flat
    blocks = padded.reshape(n_blocks, block_size)
    scales = blocks.abs().amax(dim=1)
    safe = torch.where(scales == 0, torch.ones_like(scales), scales)
    mids = (NF4_LEVELS[1:] + NF4_LEVELS[:-1]) / 2
    codes = torch.bucketize(blocks / safe[:, None], mids)
    return codes.reshape(-1)[:n].reshape(tensor.shape).to(torch.uint8), scales


def dequantize_nf4(codes, scales, block_size=64):
    n = codes.numel()
    values = torch.take(NF4_LEVELS, codes.long().flatten())
    return values.mul(scales.repeat(block_size)[:n]).view(codes.shape)
