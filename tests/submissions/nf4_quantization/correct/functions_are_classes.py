# quantize_nf4 is a class, a subclass of tuple whose instances are (codes, scales); dequantize_nf4 is one whose __new__ returns a tensor
import torch


class _Levels(type):
    """The levels belong to both classes, as a read-only attribute of the classes themselves."""

    @property
    def levels(cls):
        return torch.tensor([
            -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
            -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
            0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
            0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
        ])


class quantize_nf4(tuple, metaclass=_Levels):  # noqa: N801
    __slots__ = ()

    def __new__(cls, tensor, block_size=64):
        values = tensor.detach().reshape(-1).double()
        n = len(values)
        blocks = torch.arange(n, device=values.device) // block_size
        scales = values.new_zeros(-(-n // block_size)).scatter_reduce(0, blocks, values.abs(), "amax").float()
        share = torch.nan_to_num(values / scales.double()[blocks], nan=0.0)  # 0 / 0 is NaN in torch, without a warning
        levels = cls.levels.double().to(values.device)
        codes = values.new_zeros(n, dtype=torch.uint8)
        best = torch.full_like(share, 9.0)
        for i, level in enumerate(levels):  # the champion stays unless it is beaten
            distance = (share - level).abs()
            codes[distance < best] = i
            best = torch.minimum(best, distance)
        return super().__new__(cls, (codes.reshape(tensor.shape), scales))

    def __reduce__(self):  # copies are plain tuples
        return tuple, (tuple(self),)

    def __repr__(self):
        return f"<{self[0].numel()} codes in {self[1].numel()} blocks>"

    codes = property(lambda self: self[0])
    scales = property(lambda self: self[1])

    def bits_per_value(self):
        return 4 + 32 * self.scales.numel() / max(1, self.codes.numel())


class dequantize_nf4(metaclass=_Levels):  # noqa: N801
    def __new__(cls, codes, scales, block_size=64):
        levels = cls.levels.to(codes.device)
        per_code = torch.repeat_interleave(
            scales, torch.bincount(torch.arange(codes.numel(), device=codes.device) // block_size)
        )
        return levels[codes.long()] * per_code.reshape(codes.shape)
