# who: Siobhan, Haskell and Elixir at work, composition of small lambdas; unusual: point-free style, reduce/accumulate, generators, pairs instead of loops
import math
from functools import reduce
from itertools import chain, islice, pairwise, repeat
from operator import itemgetter

import torch

levels = (
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
)


def compose(*fs):
    return reduce(lambda f, g: lambda *a: g(f(*a)), fs)


def chunks(n):
    def go(xs):
        it = iter(xs)
        return iter(lambda: tuple(islice(it, n)), ())

    return go


nearest = lambda x: min(enumerate(levels), key=lambda kv: abs(kv[1] - x))[0]
absmax = lambda xs: max(map(abs, xs))
safe_div = lambda s: (lambda x: x / s) if s else (lambda _: 0.0)
encode = lambda xs: (lambda s: (s, tuple(map(compose(safe_div(s), nearest), xs))))(absmax(xs))
decode = lambda sc: map(lambda c: levels[c] * sc[0], sc[1])


def quantize_nf4(tensor, block_size=64):
    blocks = list(map(encode, chunks(block_size)(tensor.flatten().tolist())))
    scales = torch.tensor(list(map(itemgetter(0), blocks)), dtype=torch.float32)
    codes = torch.tensor(list(chain.from_iterable(map(itemgetter(1), blocks))), dtype=torch.uint8)
    return codes.reshape(tensor.shape), scales


def dequantize_nf4(codes, scales, block_size=64):
    pairs = zip(scales.tolist(), chunks(block_size)(codes.flatten().tolist()))
    values = list(chain.from_iterable(map(decode, pairs)))
    return torch.tensor(values, dtype=torch.float32).reshape(codes.shape)
