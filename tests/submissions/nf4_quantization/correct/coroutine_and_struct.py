# a coroutine is sent one block after the other; bytearray, struct and torch.frombuffer hold the results
import struct

import torch

LEVELS = (
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
)
CUTS = [(a + b) / 2 for a, b in zip(LEVELS, LEVELS[1:])]


def coder():
    """Send a list of floats, get (four bytes of the scale, the codes as bytes)."""
    answer = None
    while True:
        block = yield answer
        packed = struct.pack("=f", max(abs(v) for v in block))
        (scale,) = struct.unpack("=f", packed)
        if scale == 0:
            answer = packed, b"\x07" * len(block)
        else:
            answer = packed, bytes(sum(v / scale > cut for cut in CUTS) for v in block)


def tensor_of(buffer, dtype, shape):
    # torch.frombuffer does not like empty buffers
    return (torch.frombuffer(buffer, dtype=dtype) if buffer else torch.empty(0, dtype=dtype)).reshape(shape)


def quantize_nf4(tensor, block_size=64):
    values = tensor.detach().double().flatten().tolist()
    codes, scales = bytearray(), bytearray()
    worker = coder()
    next(worker)
    for start in range(0, len(values), block_size):
        scale, code = worker.send(values[start : start + block_size])
        scales += scale
        codes += code
    worker.close()
    codes, scales = tensor_of(codes, torch.uint8, tensor.shape), tensor_of(scales, torch.float32, -1)
    return codes.to(tensor.device), scales.to(tensor.device)


def dequantize_nf4(codes, scales, block_size=64):
    buffer = bytearray()
    s = scales.tolist()
    for i, code in enumerate(codes.flatten().tolist()):
        buffer += struct.pack("=f", LEVELS[code] * s[i // block_size])
    return tensor_of(buffer, torch.float32, codes.shape).to(codes.device)
