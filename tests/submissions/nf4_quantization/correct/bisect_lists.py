# bisect lists
import bisect
import torch

STUFEN = [-1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635, -0.18477343022823334,
          -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
          0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0]
MITTEN = [(a + b) / 2 for a, b in zip(STUFEN, STUFEN[1:])]


def quantize_nf4(tensor, block_size=64):
    """Alles in Python-Listen."""
    werte = [float(v) for v in tensor.flatten().tolist()]
    skalen, codes = [], []
    while len(codes) < len(werte):
        block = werte[len(codes):len(codes) + block_size]
        groesster = max(abs(v) for v in block)
        skalen.append(groesster)
        codes.extend(7 if groesster == 0 else bisect.bisect(MITTEN, v / groesster) for v in block)
    return torch.tensor(codes, dtype=torch.uint8).view(tensor.shape), torch.tensor(skalen, dtype=torch.float32)


def dequantize_nf4(codes, scales, block_size=64):
    s = scales.tolist()
    werte = [STUFEN[c] * s[i // block_size] for i, c in enumerate(codes.flatten().tolist())]
    return torch.tensor(werte, dtype=torch.float32).view(codes.shape)
