# mistake: returns-values-not-codes
# quantize returns the already dequantized weights (level times scale) where codes belong.
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


def _fake_quantize(block):
    scale = block.abs().max()
    if scale == 0:
        return torch.zeros_like(block), scale
    idx = (block.unsqueeze(-1) / scale - NF4_LEVELS).abs().argmin(-1)
    return NF4_LEVELS[idx] * scale, scale


def quantize_nf4(tensor, block_size=64):
    flat = tensor.detach().reshape(-1).float()
    if not flat.numel():
        return torch.zeros(tensor.shape), torch.zeros(0)
    pairs = [_fake_quantize(b) for b in flat.split(block_size)]
    quantized = torch.cat([p[0] for p in pairs]).reshape(tensor.shape)
    return quantized, torch.stack([p[1] for p in pairs])


def dequantize_nf4(codes, scales, block_size=64):
    if codes.is_floating_point():
        return codes.clone()
    flat = codes.reshape(-1).long()
    ids = torch.arange(flat.numel()) // block_size
    return (NF4_LEVELS[flat] * scales[ids]).reshape(codes.shape)
