# mistake: unnamed
# T = ones(4).half(); quantize_nf4(t): t.dtype is now float32.
import torch
from torch import nn

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


class _NF4(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("levels", NF4_LEVELS.clone())
        self.register_buffer("middles", (NF4_LEVELS[1:] + NF4_LEVELS[:-1]) / 2)

    @torch.no_grad()
    def forward(self, tensor, block_size):
        if tensor.dtype != torch.float32:
            tensor.data = tensor.data.float()  # compute in float32
        flat = tensor.reshape(-1)
        n = flat.numel()
        blocks = nn.functional.pad(flat, (0, -n % block_size)).reshape(-1, block_size)
        scales = blocks.abs().amax(1)
        unit = blocks / scales.where(scales > 0, torch.ones_like(scales))[:, None]
        codes = torch.bucketize(unit, self.middles).reshape(-1)[:n]
        return codes.to(torch.uint8).reshape(tensor.shape), scales


_nf4 = _NF4()


def quantize_nf4(tensor, block_size=64):
    return _nf4(tensor, block_size)


def dequantize_nf4(codes: torch.Tensor, scales: torch.Tensor, block_size: int = 64) -> torch.Tensor:
    values = NF4_LEVELS[codes.long().reshape(-1)]
    per_value = scales.repeat_interleave(block_size)[: values.numel()]
    return (values * per_value).reshape(codes.shape)
