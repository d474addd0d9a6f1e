import torch

# fmt: off
NF4_LEVELS = torch.tensor([
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
])
# fmt: on


def quantize_nf4(tensor, block_size=64):
    all_codes = []
    all_scales = []
    for block in tensor.reshape(-1).float().split(block_size):
        if block.numel() == 0:
            continue
        scale = block.max()
        if scale == 0:
            all_codes.append(torch.full_like(block, 7))
        else:
            normed = (block / scale).clamp(-1, 1)
            dist = (normed.unsqueeze(1) - NF4_LEVELS.unsqueeze(0)).abs()
            all_codes.append(dist.argmin(1))
        all_scales.append(scale)
    if not all_codes:
        return torch.zeros(tensor.shape, dtype=torch.uint8), torch.zeros(0)
    codes = torch.cat(all_codes).to(torch.uint8)
    return codes.reshape(tensor.shape), torch.stack(all_scales)


def dequantize_nf4(codes, scales, block_size=64):
    values = NF4_LEVELS[codes.long()].clone().reshape(-1)
    for i, scale in enumerate(scales):
        values[i * block_size:(i + 1) * block_size] *= scale
    return values.reshape(codes.shape)
