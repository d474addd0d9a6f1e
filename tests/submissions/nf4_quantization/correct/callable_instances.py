# unusual: the two names are instances of classes with __call__, not functions
import torch


class _Base:
    levels = torch.tensor([-1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635,
                           -0.18477343022823334, -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725,
                           0.24611230194568634, 0.33791524171829224, 0.44070982933044434, 0.5626170039176941,
                           0.7229568362236023, 1.0])
    __slots__ = ("default",)

    def __init__(self, default=64):
        self.default = default

    def __repr__(self):
        return f"<{type(self).__name__} {self.default}>"


class Quantizer(_Base):
    __slots__ = ()

    def __call__(self, tensor, block_size=None):
        size = self.default if block_size is None else block_size
        values = tensor.to(torch.float32).flatten()
        count = values.numel()
        full, rest = divmod(count, size)
        head = values[: full * size].view(full, size)
        tail = values[full * size :]
        scales = head.abs().amax(1)
        parts = [self.nearest(head, scales[:, None]).flatten()]
        if rest:
            last = tail.abs().amax().view(1)
            scales = torch.cat([scales, last])
            parts.append(self.nearest(tail, last))
        return torch.cat(parts).view(tensor.shape), scales

    def nearest(self, values, scale):
        # compare x with level * scale: no division, so a zero block needs only one special case
        gaps = (values.unsqueeze(-1) - self.levels * scale.unsqueeze(-1)).abs()
        codes = gaps.min(-1).indices
        return codes.masked_fill(scale == 0, 7).to(torch.uint8)


class Dequantizer(_Base):
    __slots__ = ()

    def __call__(self, codes, scales, block_size=None):
        size = self.default if block_size is None else block_size
        where = torch.arange(codes.numel()).reshape(codes.shape) // size
        return scales[where] * self.levels[codes.to(torch.int64)]


quantize_nf4 = Quantizer()
dequantize_nf4 = Dequantizer()
