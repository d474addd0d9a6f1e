# unusual: pure functions of one value and one block lifted with torch.func.vmap, the JAX way, the tail block on its own; right: the same arithmetic, inputs are never written
import torch
from torch.func import vmap

jnp = torch  # habit
LEVELS = jnp.tensor([-1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0], dtype=jnp.float64)


def encode_scalar(v, s):
    safe = jnp.where(s == 0.0, 1.0, s)
    return jnp.argmin(jnp.abs(v / safe - LEVELS))


def encode_block(v):
    s = jnp.amax(jnp.abs(v))
    return vmap(encode_scalar, in_dims=(0, None))(v, s), s


def decode_block(level, s):
    return level * s


def _head_and_tail(flat, block_size):
    full = flat.shape[0] // block_size * block_size
    return flat[:full].reshape(-1, block_size), flat[full:]


def quantize_nf4(tensor, block_size=64):
    flat = tensor.detach().reshape(-1).to(jnp.float64)
    head, tail = _head_and_tail(flat, block_size) if flat.numel() >= block_size else (None, flat)
    codes, scales = [], []
    if head is not None:
        c, s = vmap(encode_block)(head)
        codes.append(c.reshape(-1))
        scales.append(s)
    if tail.numel():
        c, s = encode_block(tail)
        codes.append(c)
        scales.append(s[None])
    if not codes:
        return jnp.zeros(tensor.shape, dtype=jnp.uint8), jnp.zeros(0, dtype=jnp.float32)
    return jnp.cat(codes).to(jnp.uint8).reshape(tensor.shape), jnp.cat(scales).to(jnp.float32)


def dequantize_nf4(codes, scales, block_size=64):
    flat = LEVELS[codes.reshape(-1).to(jnp.int64)]
    n_full = flat.shape[0] // block_size
    out = []
    if n_full:
        head, _ = _head_and_tail(flat, block_size)
        out.append(vmap(decode_block)(head, scales[:n_full].to(jnp.float64)).reshape(-1))
    if flat.shape[0] > n_full * block_size:
        out.append(decode_block(flat[n_full * block_size :], scales[n_full].to(jnp.float64)))
    out = jnp.cat(out) if out else flat
    return out.to(jnp.float32).reshape(codes.shape)
