# unusual: both functions run under torch.inference_mode, so what they return are inference tensors (no version counter); right: dtype, shape, values are as asked, autograd is never mentioned
import math

import torch
import torch.nn.functional as F

NF4_LEVELS = torch.tensor([
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0
])


@torch.inference_mode()
def quantize_nf4(tensor: torch.Tensor, block_size: int = 64) -> tuple[torch.Tensor, torch.Tensor]:
    """Blockwise NF4 in the style of QLoRA, for serving only."""
    n = tensor.numel()
    if n == 0:
        return (
            torch.empty(tensor.shape, dtype=torch.uint8, device=tensor.device),
            torch.empty(0, dtype=torch.float32, device=tensor.device),
        )
    bs = min(block_size, n)  # one block is one block, no need to pad a small tensor up to a huge block
    nb = math.ceil(n / bs)
    blocks = F.pad(tensor.to(torch.float32).reshape(-1), (0, nb * bs - n)).view(nb, bs)
    scales = torch.linalg.vector_norm(blocks, ord=float("inf"), dim=1)
    safe = scales.masked_fill(scales == 0, 1.0)
    normed = blocks / safe.unsqueeze(1)
    mids = (NF4_LEVELS[:-1] + NF4_LEVELS[1:]).to(normed) / 2
    codes = (normed.unsqueeze(-1) > mids).sum(-1, dtype=torch.uint8)
    return codes.view(-1)[:n].reshape(tensor.shape), scales


@torch.inference_mode()
def dequantize_nf4(codes: torch.Tensor, scales: torch.Tensor, block_size: int = 64) -> torch.Tensor:
    out = NF4_LEVELS.to(codes.device)[codes.reshape(-1).long()]  # 1-D index: always a copy, so *= is safe
    for start, s in zip(range(0, codes.numel(), block_size), scales):
        out[start : start + block_size] *= s
    return out.reshape(codes.shape)
