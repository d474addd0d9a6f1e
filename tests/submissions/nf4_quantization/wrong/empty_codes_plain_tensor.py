# mistake: unnamed
# For an empty tensor two plain torch.tensor([]) are returned, so the codes are float32 and lose a shape like (0, 3).
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


def quantize_nf4(tensor, block_size=64):
    if tensor.numel() == 0:
        return torch.tensor([]), torch.tensor([])
    blocks = tensor.detach().float().reshape(-1).split(block_size)
    scales = torch.stack([block.abs().max() for block in blocks])
    codes = []
    for block, scale in zip(blocks, scales):
        unit = block / scale if scale > 0 else block
        codes.append(torch.argmin(torch.abs(unit[:, None] - NF4_LEVELS), dim=1))
    return torch.cat(codes).to(torch.uint8).reshape(tensor.shape), scales


def dequantize_nf4(codes, scales, block_size=64):
    if codes.numel() == 0:
        return torch.zeros(codes.shape)
    values = NF4_LEVELS[codes.reshape(-1).long()].split(block_size)
    return torch.cat([v * s for v, s in zip(values, scales)]).reshape(codes.shape)
