# unusual: quantize_nf4 and dequantize_nf4 are instances of classes (a singleton metaclass, __call__), not functions; right: they are called with the contract's names and defaults
import torch


class _Singleton(type):
    _made: dict = {}

    def __call__(cls, *args, **kwargs):
        if cls not in cls._made:
            cls._made[cls] = super().__call__(*args, **kwargs)
        return cls._made[cls]


class Levels:
    """Descriptor: the table, made on first use, for each dtype."""

    VALUES = (-1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0)

    def __set_name__(self, owner, name):
        self.slot = "_" + name

    def __get__(self, obj, owner=None):
        if obj is None:
            return self
        if self.slot not in obj.__dict__:
            obj.__dict__[self.slot] = torch.tensor(self.VALUES, dtype=torch.float32)
        return obj.__dict__[self.slot]


class _Op(metaclass=_Singleton):
    levels = Levels()

    def spans(self, n, block_size):
        return [slice(i, min(i + block_size, n)) for i in range(0, n, block_size)]


class Quantizer(_Op):
    def __call__(self, tensor, block_size=64):
        flat = tensor.detach().flatten().to(torch.float32)
        codes = torch.full(flat.shape, 7, dtype=torch.uint8)
        spans = self.spans(len(flat), block_size)
        scales = torch.zeros(len(spans), dtype=torch.float32)
        for k, span in enumerate(spans):
            lo, hi = torch.aminmax(flat[span])
            scales[k] = torch.maximum(lo.abs(), hi.abs())
            if scales[k] != 0:
                gaps = torch.sub(flat[span].div(scales[k]).unsqueeze(0), self.levels.unsqueeze(1)).abs_()
                codes[span] = gaps.min(dim=0).indices.to(torch.uint8)
        return codes.unflatten(0, tensor.shape) if tensor.dim() and tensor.numel() else codes.reshape(tensor.shape), scales


class Dequantizer(_Op):
    def __call__(self, codes, scales, block_size=64):
        flat = self.levels[codes.flatten().long()]
        for k, span in enumerate(self.spans(len(flat), block_size)):
            flat[span] = flat[span] * scales[k]
        return flat.reshape(codes.shape)


quantize_nf4 = Quantizer()
dequantize_nf4 = Dequantizer()
assert Quantizer() is quantize_nf4
