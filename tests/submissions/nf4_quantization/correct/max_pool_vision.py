# who: Lukas, did only CNNs so far, sees block maxima as pooling; unusual: F.max_pool1d with ceil_mode for scales, nearest interpolation-like index for values
import torch
import torch.nn as nn
import torch.nn.functional as F

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


class NF4(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("levels", NF4_LEVELS.clone())
        self.register_buffer("mid", F.avg_pool1d(NF4_LEVELS.view(1, 1, 16), 2, 1).view(15))

    @torch.no_grad()
    def forward(self, w, block_size):
        v = w.reshape(1, 1, -1).float()
        n = v.size(-1)
        if n == 0:
            return torch.zeros(w.size(), dtype=torch.uint8), torch.zeros(0)
        k = min(block_size, n)
        s = F.max_pool1d(v.abs(), kernel_size=k, stride=k, ceil_mode=True).view(-1)
        up = s.repeat_interleave(k)[:n]
        v = v.view(-1)
        v = torch.where(up > 0, v, 0.0) / torch.where(up > 0, up, 1.0)
        c = torch.searchsorted(self.mid, v.contiguous())
        return c.byte().reshape(w.size()), s.clone()

    @torch.no_grad()
    def inverse(self, c, s, block_size):
        k = max(1, min(block_size, c.numel()))
        e = F.embedding(c.reshape(-1).long(), self.levels.view(16, 1)).view(-1)
        return (e * s.repeat_interleave(k)[: e.numel()]).reshape(c.size())


_nf4 = NF4().eval()


def quantize_nf4(tensor: torch.Tensor, block_size: int = 64) -> tuple[torch.Tensor, torch.Tensor]:
    return _nf4(tensor, block_size)


def dequantize_nf4(codes: torch.Tensor, scales: torch.Tensor, block_size: int = 64) -> torch.Tensor:
    return _nf4.inverse(codes, scales, block_size)
