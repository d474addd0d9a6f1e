# mistake: unnamed
# Quantize_nf4(torch.tensor([1.0, -0.45])) gives code 2 for -0.45, should be 3.
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


class SignMagnitude:
    """A normal distribution is symmetric, so it is enough to search the upper half of the table."""

    def __init__(self):
        self.upper = NF4_LEVELS[7:]  # 0 ... 1

    def steps(self, magnitude):
        return (magnitude.unsqueeze(-1) - self.upper).abs().argmin(-1)

    def __call__(self, x):
        k = self.steps(x.abs())
        code = 7 + torch.sign(x).long() * k
        return code.clamp(0, 15)


_quantizer = SignMagnitude()


def quantize_nf4(tensor: torch.Tensor, block_size: int = 64) -> tuple[torch.Tensor, torch.Tensor]:
    flat = tensor.detach().float().reshape(-1)
    blocks = list(torch.split(flat, block_size)) if flat.numel() else []
    scales, codes = torch.zeros(len(blocks)), [torch.zeros(0, dtype=torch.long)]
    for i, b in enumerate(blocks):
        scales[i] = b.abs().max()
        codes.append(_quantizer(b / scales[i]) if scales[i] > 0 else torch.full_like(b, 7).long())
    return torch.cat(codes).to(torch.uint8).reshape(tensor.shape), scales


def dequantize_nf4(codes: torch.Tensor, scales: torch.Tensor, block_size: int = 64) -> torch.Tensor:
    per_value = torch.repeat_interleave(scales, block_size)[: codes.numel()].reshape(codes.shape)
    return NF4_LEVELS[codes.long()] * per_value
