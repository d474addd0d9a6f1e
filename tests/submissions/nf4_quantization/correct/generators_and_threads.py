# unusual: a generator of blocks mapped over a ThreadPoolExecutor; right: executor.map keeps the order, each block is independent, threads are not processes
from array import array
from bisect import bisect_left
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, islice

import torch

LEVELS = array("d", (-1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0))
MIDDLES = array("d", ((a + b) / 2 for a, b in zip(LEVELS, LEVELS[1:])))


def chunks(iterable, size):
    it = iter(iterable)
    while chunk := tuple(islice(it, size)):
        yield chunk


def encode(block):
    scale = max(map(abs, block))
    if not scale:
        return bytes([7]) * len(block), 0.0
    return bytes(bisect_left(MIDDLES, v / scale) for v in block), scale


def quantize_nf4(tensor, block_size=64):
    values = tensor.detach().reshape(-1).tolist()
    with ThreadPoolExecutor(max_workers=2) as pool:
        results = list(pool.map(encode, chunks(values, block_size)))
    raw = bytearray(b"".join(codes for codes, _ in results))
    codes = torch.frombuffer(raw, dtype=torch.uint8) if raw else torch.empty(0, dtype=torch.uint8)
    scales = torch.tensor([scale for _, scale in results], dtype=torch.float32)
    return codes.reshape(tensor.shape), scales


def decode(pair):
    codes, scale = pair
    return [LEVELS[c] * scale for c in codes]


def dequantize_nf4(codes, scales, block_size=64):
    pairs = zip(chunks(codes.reshape(-1).tolist(), block_size), scales.tolist())
    values = array("f", chain.from_iterable(map(decode, pairs)))
    if not values:
        return torch.empty(codes.shape, dtype=torch.float32)
    return torch.frombuffer(values, dtype=torch.float32).clone().reshape(codes.shape)
