# who: Jonas, signal processing (vector quantisation), gives every block its own codebook; unusual: levels times scale, nearest in the original units, no division at all
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


class Codebook:
    """The 16 reconstruction points of one block, in the units of the signal."""

    def __init__(self, peak):
        self.peak = float(peak)
        self.points = NF4_LEVELS.double() * self.peak
        self.decision = (self.points[1:] + self.points[:-1]) / 2

    def encode(self, signal):
        if self.peak == 0:
            return torch.full(signal.shape, 7, dtype=torch.uint8)
        return torch.bucketize(signal, self.decision).to(torch.uint8)

    def decode(self, symbols):
        return self.points[symbols.long()].float()


def _frames(t, size):
    flat = t.reshape(-1)
    return [flat[k : k + size] for k in range(0, flat.shape[0], size)]


def _join(parts, like, dtype):
    if not parts:
        return torch.zeros(like.shape, dtype=dtype)
    return torch.cat(parts).reshape(like.shape)


def quantize_nf4(tensor: torch.Tensor, block_size: int = 64) -> tuple[torch.Tensor, torch.Tensor]:
    frames = _frames(tensor.double(), block_size)
    books = [Codebook(f.abs().max()) for f in frames]
    codes = _join([b.encode(f) for b, f in zip(books, frames)], tensor, torch.uint8)
    return codes, torch.tensor([b.peak for b in books], dtype=torch.float32)


def dequantize_nf4(codes: torch.Tensor, scales: torch.Tensor, block_size: int = 64) -> torch.Tensor:
    frames = _frames(codes, block_size)
    return _join([Codebook(s).decode(f) for s, f in zip(scales, frames)], codes, torch.float32)
