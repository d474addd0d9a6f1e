# style: the usual LLM answer: pad with zeros, view as blocks, argmin over 16 distances
import torch
import torch.nn.functional as F

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

def quantize_nf4(tensor: torch.Tensor, block_size: int = 64) -> tuple[torch.Tensor, torch.Tensor]:
    """Quantize a tensor to NF4 with blockwise absmax scaling."""
    original_shape = tensor.shape
    flat = tensor.detach().reshape(-1).to(torch.float32)
    n = flat.numel()
    if n == 0:
        return torch.empty(original_shape, dtype=torch.uint8), torch.empty(0, dtype=torch.float32)

    # Pad so that the length is a multiple of block_size (zeros never change the absmax)
    pad = (-n) % block_size
    blocks = F.pad(flat, (0, pad)).view(-1, block_size)

    scales = blocks.abs().amax(dim=1)
    safe = torch.where(scales > 0, scales, torch.ones_like(scales))
    normalized = blocks / safe.unsqueeze(1)

    distances = (normalized.unsqueeze(-1) - NF4_LEVELS).abs()
    codes = distances.argmin(dim=-1).to(torch.uint8)
    return codes.reshape(-1)[:n].reshape(original_shape), scales


def dequantize_nf4(codes: torch.Tensor, scales: torch.Tensor, block_size: int = 64) -> torch.Tensor:
    values = NF4_LEVELS[codes.long()]
    flat = values.reshape(-1)
    expanded = scales.repeat_interleave(block_size)[: flat.numel()]
    return (flat * expanded).reshape(codes.shape)
