# mistake: unnamed
# C1, s1 = quantize_nf4(torch.ones(4)); quantize_nf4(torch.ones(2, 3)); dequantize_nf4(c1, s1) raises; dequantize before any quantize raises too.
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


class QuantState:
    def __init__(self):
        self.shape = None
        self.blocksize = 64
        self.code = NF4_LEVELS

    def remember(self, tensor, blocksize):
        self.shape, self.blocksize = tensor.shape, blocksize


_state = QuantState()


def quantize_nf4(tensor: torch.Tensor, block_size: int = 64):
    _state.remember(tensor, block_size)
    A = tensor.reshape(-1).float()
    absmax = torch.tensor([a.abs().max().item() for a in A.split(block_size) if a.numel()], dtype=torch.float32)
    out = []
    for a, m in zip(A.split(block_size), absmax):
        out.append(torch.full(a.shape, 7) if m == 0 else torch.cdist((a / m)[None, :, None], NF4_LEVELS[None, :, None], p=1.0)[0].argmin(1))
    codes = torch.cat(out) if out else torch.zeros(0)
    return codes.to(torch.uint8).reshape(tensor.shape), absmax


def dequantize_nf4(codes: torch.Tensor, scales: torch.Tensor, block_size: int = 64):
    # codes may come flattened, as from a checkpoint
    values = _state.code[codes.reshape(-1).long()]
    scale = scales.repeat_interleave(_state.blocksize)[: values.numel()]
    return (values * scale).reshape(_state.shape)
