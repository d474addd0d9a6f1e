# unusual: tries other exercise files and loralib in try, static methods of a class, keyword-friendly wrappers with *args
import sys
try:
    import loralib as bnb
except Exception:
    bnb = None
try:
    from memory_calculation import calculate_memory_requirements
    calculate_memory_requirements(7, precision="int4")
except Exception:
    calculate_memory_requirements = None
import torch


class NF4:
    LEVELS = None

    @classmethod
    def table(cls):  # lazily
        if cls.LEVELS is None:
            cls.LEVELS = torch.tensor([
                -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635,
                -0.18477343022823334, -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725,
                0.24611230194568634, 0.33791524171829224, 0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0])
        return cls.LEVELS

    @staticmethod
    def quantize(tensor, block_size=64):
        flat = tensor.float().view(-1) if tensor.is_contiguous() else tensor.float().contiguous().view(-1)
        total = flat.shape[0]
        padded = torch.zeros((total + block_size - 1) // block_size * block_size, dtype=torch.float32)
        padded[:total].copy_(flat)
        groups = padded.unfold(0, block_size, block_size) if total else padded.view(0, block_size)
        scales = groups.norm(p=float("inf"), dim=1)
        inv = 1.0 / scales
        inv[scales == 0] = 0.0
        d = groups.mul(inv[:, None])[..., None].sub(NF4.table()).abs()
        return d.argmin(-1).flatten()[:total].to(torch.uint8).view(*tensor.shape) if tensor.ndim else d.argmin(-1).flatten()[0].to(torch.uint8), scales

    @staticmethod
    def dequantize(codes, scales, block_size=64):
        values = NF4.table().gather(0, codes.flatten().long())
        s = scales.view(-1, 1).repeat(1, block_size).view(-1)[: values.shape[0]]
        return (values * s).view(codes.shape)


def quantize_nf4(*args, **kwargs):
    return NF4.quantize(*args, **kwargs)


def dequantize_nf4(*args, **kwargs):
    return NF4.dequantize(*args, **kwargs)


NF4.table()
assert quantize_nf4.__module__ in sys.modules or True
