# np.interp through the thresholds, rounded down, gives the code; np.maximum.at gives the scales
import numpy as np
import torch

LEVELS = np.array([
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
])
KNOTS = np.concatenate([[-1.0], (LEVELS[1:] + LEVELS[:-1]) / 2, [1.0]])  # 17 knots: the curve is k at knot k


def quantize_nf4(tensor, block_size=64):
    v = tensor.detach().cpu().to(torch.float64).numpy().reshape(-1)
    block = np.arange(v.size) // block_size
    scales = np.zeros(-(-v.size // block_size))
    np.maximum.at(scales, block, np.abs(v))
    scales = scales.astype(np.float32)
    divisor = np.where(scales > 0, scales, np.float32(1)).astype(np.float64)
    height = np.interp(v / divisor[block], KNOTS, np.arange(17.0))
    codes = np.clip(np.floor(height), 0, 15).astype(np.uint8)
    return (
        torch.from_numpy(codes.reshape(tuple(tensor.shape))).to(tensor.device),
        torch.from_numpy(scales).to(tensor.device),
    )


def dequantize_nf4(codes, scales, block_size=64):
    c = codes.cpu().numpy()
    s = scales.detach().cpu().numpy()[np.arange(c.size) // block_size].reshape(c.shape)
    product = np.multiply(np.take(LEVELS, c), s, dtype=np.float64)
    return torch.as_tensor(np.asarray(product), dtype=torch.float32, device=codes.device)
