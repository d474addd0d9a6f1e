# unusual: raw pointers from data_ptr() through ctypes, hex float table, C loops; right: contiguous float32 copies are kept alive during the loops, the input is only read
import ctypes
import torch

u8_p = ctypes.POINTER(ctypes.c_uint8)
f32_p = ctypes.POINTER(ctypes.c_float)

LUT = [float.fromhex(h) for h in (
    "-0x1.0p+0", "-0x1.647362p-1", "-0x1.0cd66p-1", "-0x1.94654p-2",
    "-0x1.23449ap-2", "-0x1.7a6a7ep-3", "-0x1.74f0e2p-4", "0x0.0p+0",
    "0x1.45f5fep-4", "0x1.4995c6p-3", "0x1.f809bap-3", "0x1.5a0674p-2",
    "0x1.c3497p-2", "0x1.200f56p-1", "0x1.722766p-1", "0x1.0p+0",
)]


def _fabs(v):
    return -v if v < 0 else v


def _nearest(v):
    # linear scan is what my C version did as well
    i = 0
    while i < 15 and v > 0.5 * (LUT[i] + LUT[i + 1]):
        i += 1
    return i


def quantize_nf4(tensor, block_size=64):
    src = tensor.detach().to("cpu", torch.float32).contiguous()
    n = src.numel()
    nblk = (n + block_size - 1) // block_size
    codes = torch.empty(tensor.shape, dtype=torch.uint8)
    scales = torch.empty(nblk, dtype=torch.float32)
    if n == 0:
        return codes, scales
    p = ctypes.cast(src.data_ptr(), f32_p)
    q = ctypes.cast(codes.data_ptr(), u8_p)
    s = ctypes.cast(scales.data_ptr(), f32_p)
    for b in range(nblk):
        lo, hi = b * block_size, min((b + 1) * block_size, n)
        m = 0.0
        for i in range(lo, hi):
            a = _fabs(p[i])
            if a > m:
                m = a
        s[b] = m
        for i in range(lo, hi):
            q[i] = _nearest(p[i] / m) if m > 0.0 else 7
    return codes, scales


def dequantize_nf4(codes, scales, block_size=64):
    cod = codes.to("cpu").contiguous()
    sca = scales.to("cpu", torch.float32).contiguous()
    out = torch.empty(codes.shape, dtype=torch.float32)
    n = cod.numel()
    if n:
        q = ctypes.cast(cod.data_ptr(), u8_p)
        s = ctypes.cast(sca.data_ptr(), f32_p)
        o = ctypes.cast(out.data_ptr(), f32_p)
        for i in range(n):
            o[i] = LUT[q[i]] * s[i // block_size]
    return out
