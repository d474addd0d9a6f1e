# mistake: levels-misordered
# Levels 11 and 12 stand in the wrong order in the table, so those two codes are exchanged in both functions.
import torch

NF4_LEVELS = torch.tensor([
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.44070982933044434,
    0.33791524171829224, 0.5626170039176941, 0.7229568362236023, 1.0,
])


def quantize_nf4(tensor: torch.Tensor, block_size: int = 64) -> tuple[torch.Tensor, torch.Tensor]:
    flat = tensor.detach().reshape(-1).float()
    if flat.numel() == 0:
        return torch.empty(tensor.shape, dtype=torch.uint8), torch.empty(0)
    codes, scales = [], []
    for block in torch.split(flat, block_size):
        scale = block.abs().max()
        normalized = block / scale if scale > 0 else block
        codes.append((normalized.unsqueeze(1) - NF4_LEVELS).abs().argmin(dim=1))
        scales.append(scale)
    return torch.cat(codes).to(torch.uint8).reshape(tensor.shape), torch.stack(scales)


def dequantize_nf4(codes: torch.Tensor, scales: torch.Tensor, block_size: int = 64) -> torch.Tensor:
    n = codes.numel()
    per_value = scales.repeat_interleave(min(block_size, max(n, 1)))[:n]
    return NF4_LEVELS[codes.long()] * per_value.reshape(codes.shape)
