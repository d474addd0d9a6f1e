# mistake: uniform-levels
# The 16 levels are evenly spaced from -1 to 1, so most codes and values are wrong on any ordinary tensor.
import torch

LEVELS = torch.linspace(-1.0, 1.0, 16)


def quantize_nf4(tensor, block_size=64):
    flat = tensor.detach().reshape(-1).to(torch.float32)
    n = flat.numel()
    bs = min(block_size, max(n, 1))
    n_blocks = (n + bs - 1) // bs
    padded = torch.zeros(n_blocks * bs)
    padded[:n] = flat
    blocks = padded.view(n_blocks, bs)
    scales = blocks.abs().amax(dim=1)
    safe = torch.where(scales > 0, scales, torch.ones_like(scales))
    normed = blocks / safe[:, None]
    codes = (normed.unsqueeze(-1) - LEVELS).abs().argmin(dim=-1)
    codes[scales == 0] = 7
    return codes.view(-1)[:n].to(torch.uint8).reshape(tensor.shape), scales


def dequantize_nf4(codes, scales, block_size=64):
    idx = codes.reshape(-1).long()
    which = torch.arange(idx.numel()) // block_size
    return (LEVELS[idx] * scales[which]).reshape(codes.shape)
