# mistake: unnamed
# Quantize_nf4(torch.zeros(4))[0] is 0, should be 7.
from dataclasses import dataclass

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


@dataclass
class Quantized:
    codes: torch.Tensor
    scales: torch.Tensor

    @classmethod
    def allocate(cls, n: int, n_blocks: int) -> "Quantized":
        return cls(torch.zeros(n, dtype=torch.uint8), torch.zeros(n_blocks, dtype=torch.float32))

    def fill(self, flat: torch.Tensor, block_size: int) -> "Quantized":
        mid = (NF4_LEVELS[1:] + NF4_LEVELS[:-1]) / 2
        for k in range(len(self.scales)):
            window = slice(k * block_size, (k + 1) * block_size)
            peak = flat[window].abs().max()
            if peak.item() == 0:
                continue  # everything is zero here already
            self.scales[k] = peak
            self.codes[window] = torch.bucketize(flat[window] / peak, mid).byte()
        return self


def quantize_nf4(tensor: torch.Tensor, block_size: int = 64) -> tuple[torch.Tensor, torch.Tensor]:
    flat = tensor.reshape(-1).float()
    q = Quantized.allocate(flat.numel(), -(-flat.numel() // block_size)).fill(flat, block_size)
    return q.codes.reshape(tensor.shape), q.scales


def dequantize_nf4(codes: torch.Tensor, scales: torch.Tensor, block_size: int = 64) -> torch.Tensor:
    s = scales.repeat_interleave(block_size)[: codes.numel()].reshape(codes.shape)
    return NF4_LEVELS[codes.long()] * s
