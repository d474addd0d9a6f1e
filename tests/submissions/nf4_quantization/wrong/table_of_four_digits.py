# mistake: unnamed
# Dequantize_nf4(torch.tensor([1], dtype=torch.uint8), torch.tensor([1.0])) is -0.6962, should be -0.69619280.
"""My NF4, after a blog post ("QLoRA from scratch"). Own table, so that the notebook fits on a slide."""
import torch

nf4 = {
    0: -1.0, 1: -0.6962, 2: -0.5251, 3: -0.3949, 4: -0.2844, 5: -0.1848, 6: -0.0911, 7: 0.0,
    8: 0.0796, 9: 0.1609, 10: 0.2461, 11: 0.3379, 12: 0.4407, 13: 0.5626, 14: 0.7230, 15: 1.0,
}


class Nf4Block:
    def __init__(self, values):
        self.scale = max((abs(v) for v in values), default=0.0)
        self.codes = [self.find(v / self.scale) if self.scale else 7 for v in values]

    @staticmethod
    def find(x):
        return min(nf4, key=lambda code: abs(nf4[code] - x))


def quantize_nf4(tensor, block_size=64):
    values = tensor.reshape(-1).tolist()
    blocks = [Nf4Block(values[i : i + block_size]) for i in range(0, len(values), block_size)]
    codes = torch.tensor([c for b in blocks for c in b.codes], dtype=torch.uint8)
    return codes.reshape(tensor.shape), torch.tensor([b.scale for b in blocks], dtype=torch.float32)


def dequantize_nf4(codes, scales, block_size=64):
    flat = codes.reshape(-1).tolist()
    values = [nf4[c] * float(scales[i // block_size]) for i, c in enumerate(flat)]
    return torch.tensor(values, dtype=torch.float32).reshape(codes.shape)
