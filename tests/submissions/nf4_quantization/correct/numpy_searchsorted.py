# who: Aurelio, physicist, lives in NumPy, distrusts torch indexing; unusual: everything in NumPy with zero padding and searchsorted, float64 inside
import numpy as np
import torch

LEV = np.array([-1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
                -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
                0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
                0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0])
EDGES = 0.5 * (LEV[:-1] + LEV[1:])


def _as_f64(t):
    # bfloat16 has no numpy dtype, go through torch
    return t.detach().cpu().to(torch.float64).numpy().ravel()


def _blocks(a, bs):
    """(n_blocks, bs) copy of a, zero padded at the end. Zero can never be the abs max unless all are zero."""
    bs = max(1, min(bs, a.size))
    nb = -(-a.size // bs)
    out = np.zeros(nb * bs, dtype=a.dtype)
    out[: a.size] = a
    return out.reshape(nb, bs)


def quantize_nf4(tensor, block_size=64):
    a = _as_f64(tensor)
    blk = _blocks(a, block_size)
    s = np.abs(blk).max(axis=1, initial=0.0).astype(np.float32)
    norm = np.divide(blk, s[:, None], out=np.zeros_like(blk), where=s[:, None] > 0)
    c = np.searchsorted(EDGES, norm).ravel()[: a.size].astype(np.uint8)
    return torch.from_numpy(c.reshape(tuple(tensor.shape))), torch.from_numpy(s)


def dequantize_nf4(codes, scales, block_size=64):
    c = codes.detach().cpu().numpy().astype(np.intp)
    which = np.arange(c.size) // block_size
    s = scales.detach().cpu().numpy().astype(np.float64)
    v = LEV[c.ravel()] * s[which]
    return torch.from_numpy(v.astype(np.float32).reshape(c.shape))


if __name__ == "__main__":
    rng = np.random.default_rng(3)
    w = torch.from_numpy(rng.normal(0, 0.02, (97, 33)))
    q, s = quantize_nf4(w)
    print("rms err / rms", float((dequantize_nf4(q, s) - w).pow(2).mean().sqrt() / w.pow(2).mean().sqrt()))
