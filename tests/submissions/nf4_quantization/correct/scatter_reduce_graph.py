# who: Ines, graph neural networks, thinks in segment ids; unusual: block ids + scatter_reduce amax, gather for both directions
import torch

# The 16 levels of NF4, ascending from -1 to 1; level 7 is 0.
# Dettmers et al. 2023, "QLoRA", arXiv 2305.14314, Appendix E.
NF4_LEVELS = torch.tensor(
    [
        -1.0,
        -0.6961928009986877,
        -0.5250730514526367,
        -0.39491748809814453,
        -0.28444138169288635,
        -0.18477343022823334,
        -0.09105003625154495,
        0.0,
        0.07958029955625534,
        0.16093020141124725,
        0.24611230194568634,
        0.33791524171829224,
        0.44070982933044434,
        0.5626170039176941,
        0.7229568362236023,
        1.0,
    ]
)


def _segment_ids(n, block_size):
    return torch.div(torch.arange(n), block_size, rounding_mode="floor")


def quantize_nf4(tensor: torch.Tensor, block_size: int = 64):
    """like global pooling on a graph: every value is a node, the block is its batch index"""
    x = tensor.detach().reshape(-1).to(torch.float32)
    batch = _segment_ids(x.numel(), block_size)
    num_graphs = int(batch[-1]) + 1 if x.numel() else 0
    scales = torch.zeros(num_graphs).scatter_reduce(0, batch, x.abs(), reduce="amax", include_self=True)

    s = scales.gather(0, batch)
    x_hat = torch.where(s == 0, torch.zeros_like(x), x / torch.where(s == 0, 1.0, s))

    hi = torch.searchsorted(NF4_LEVELS, x_hat).clamp(1, 15)   # level on the right
    lo = hi - 1
    take_hi = (NF4_LEVELS[hi] - x_hat) < (x_hat - NF4_LEVELS[lo])
    codes = torch.where(take_hi, hi, lo)
    return codes.reshape(tensor.shape).type(torch.uint8), scales


def dequantize_nf4(codes: torch.Tensor, scales: torch.Tensor, block_size: int = 64):
    node = codes.reshape(-1).to(torch.int64)
    s = scales.gather(0, _segment_ids(node.numel(), block_size))
    return NF4_LEVELS.gather(0, node).mul(s).reshape(codes.shape)


# tests I used
# t = torch.randn(5, 7, 3)
# c, s = quantize_nf4(t, 10)
# assert s.shape == (11,)
# assert (dequantize_nf4(c, s, 10) - t).abs().max() < .2 * t.abs().max()
