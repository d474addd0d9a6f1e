# mistake: shape-lost
# quantize returns the codes as a flat vector, whatever the tensor's shape was.
import torch

NF4_LEVELS = [
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
]
TABLE = torch.tensor(NF4_LEVELS)


def quantize_nf4(tensor, block_size=64):
    flat = tensor.detach().float().reshape(-1)
    all_codes = []
    all_scales = []
    for start in range(0, len(flat), block_size):
        block = flat[start:start + block_size]
        scale = block.abs().max().item()
        all_scales.append(scale)
        for value in block.tolist():
            ratio = value / scale if scale != 0 else 0.0
            best = 0
            for k in range(1, 16):
                if abs(ratio - NF4_LEVELS[k]) < abs(ratio - NF4_LEVELS[best]):
                    best = k
            all_codes.append(best)
    return torch.tensor(all_codes, dtype=torch.uint8), torch.tensor(all_scales, dtype=torch.float32)


def dequantize_nf4(codes, scales, block_size=64):
    out = TABLE[codes.reshape(-1).long()]
    out = out * scales[torch.arange(out.numel()) // block_size]
    return out.reshape(codes.shape)
