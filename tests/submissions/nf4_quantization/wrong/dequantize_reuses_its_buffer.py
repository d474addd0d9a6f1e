# mistake: unnamed
# A = dequantize_nf4([15, 15], [1.], 2); b = dequantize_nf4([15, 15], [5.], 2): now a is [5., 5.].
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


class _Workspace:
    """One buffer for each size, so that a loop over layers does not allocate."""

    def __init__(self):
        self.buffers = {}

    def take(self, n):
        if n not in self.buffers:
            self.buffers[n] = torch.empty(n, dtype=torch.float32)
        return self.buffers[n]


_workspace = _Workspace()


def dequantize_nf4(codes, scales, block_size=64):
    n = codes.numel()
    out = torch.index_select(NF4_LEVELS, 0, codes.reshape(-1).long(), out=_workspace.take(n))
    out.mul_(scales.repeat_interleave(block_size)[:n])
    return out.view(codes.shape)
