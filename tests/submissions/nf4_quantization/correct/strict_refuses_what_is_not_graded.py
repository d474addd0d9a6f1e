# unusual: raises TypeError/ValueError for NaN, inf, float8, integer input, tensors that require grad, scales outside float32's normal range, wrong counts; right: none of these is graded, all that is graded passes
import torch

NF4_LEVELS = torch.tensor([-1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0])
_OK = {torch.float16, torch.bfloat16, torch.float32, torch.float64}
_TINY = torch.finfo(torch.float32).tiny
_HUGE = torch.finfo(torch.float32).max


def _check_block_size(block_size):
    if isinstance(block_size, bool) or not isinstance(block_size, int):
        raise TypeError(f"block_size must be an int, got {type(block_size).__name__}")
    if block_size < 1:
        raise ValueError("block_size must be at least 1")


def quantize_nf4(tensor: torch.Tensor, block_size: int = 64) -> tuple[torch.Tensor, torch.Tensor]:
    if not isinstance(tensor, torch.Tensor):
        raise TypeError("tensor must be a torch.Tensor")
    if tensor.dtype not in _OK:
        raise TypeError(f"cannot quantize {tensor.dtype}")
    if tensor.requires_grad:
        raise ValueError("detach the tensor first")
    _check_block_size(block_size)
    if not torch.isfinite(tensor).all():
        raise ValueError("NaN or inf in the tensor")

    v = tensor.double().reshape(-1)
    n = v.numel()
    if n == 0:
        return torch.empty(tensor.shape, dtype=torch.uint8), torch.empty(0, dtype=torch.float32)
    width = min(block_size, n)
    n_blocks = (n + width - 1) // width
    padded = v.new_zeros(n_blocks * width)
    padded[:n] = v
    blocks = padded.view(n_blocks, width)
    amax = blocks.abs().amax(dim=1)
    if ((amax > 0) & (amax < _TINY) | (amax > _HUGE)).any():
        raise ValueError("scale outside float32's normal range")
    unit = blocks.div(amax.masked_fill(amax == 0, 1).unsqueeze(1))
    assert unit.abs().max() <= 1
    lev = NF4_LEVELS.double()
    codes = torch.bucketize(unit, (lev[1:] + lev[:-1]) / 2).to(torch.uint8)
    codes = codes.reshape(-1)[:n].reshape(tensor.shape).contiguous()
    assert codes.max() <= 15
    return codes, amax.float()


def dequantize_nf4(codes: torch.Tensor, scales: torch.Tensor, block_size: int = 64) -> torch.Tensor:
    _check_block_size(block_size)
    if codes.dtype is not torch.uint8:
        raise TypeError("codes must be torch.uint8")
    if scales.dtype is not torch.float32 or scales.dim() != 1:
        raise TypeError("scales must be float32 and 1-D")
    n = codes.numel()
    if scales.numel() != (n + block_size - 1) // block_size:
        raise ValueError(f"{scales.numel()} scales do not fit {n} codes in blocks of {block_size}")
    if n and int(codes.max()) > 15:
        raise ValueError("a code above 15 is no NF4 code")
    if n == 0:
        return torch.empty(codes.shape, dtype=torch.float32)
    counts = torch.full((scales.numel(),), min(block_size, n))
    counts[-1] = n - block_size * (scales.numel() - 1)
    return NF4_LEVELS[codes.long()] * torch.repeat_interleave(scales, counts).reshape(codes.shape)
