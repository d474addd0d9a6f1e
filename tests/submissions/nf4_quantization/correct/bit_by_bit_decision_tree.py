# unusual: the code is built bit by bit from the top (4 comparisons in a decision tree, as the CUDA kernel of bitsandbytes does), unittest below; right: a binary search over the 15 middles is the nearest level
import unittest
import warnings

import torch

NF4_LEVELS = torch.tensor([-1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0])


def _middles(device):
    lv = NF4_LEVELS.to(device=device, dtype=torch.float64)
    return (lv[:-1] + lv[1:]) / 2


def _dquantize_nf4(x):
    mid = _middles(x.device)
    code = torch.zeros_like(x, dtype=torch.int64)
    for bit in (8, 4, 2, 1):
        code = code | torch.where(x > mid[code + bit - 1], bit, 0)
    return code.to(torch.uint8)


def quantize_nf4(A, block_size=64, **kwargs):
    ...


def quantize_nf4(tensor, block_size=64, blocksize=None, quant_type="nf4"):
    if quant_type != "nf4":
        raise NotImplementedError(f"quant_type {quant_type!r} is not implemented")
    blocksize = blocksize or block_size
    A = tensor.detach().to(torch.float64).reshape(-1)
    blocks, rem = divmod(A.numel(), blocksize)
    blocks += 1 if rem else 0
    absmax = torch.zeros((blocks,), device=A.device, dtype=torch.float64)
    out = torch.zeros((A.numel(),), device=A.device, dtype=torch.uint8)
    has_rem = rem > 0
    if A.numel() >= blocksize:
        com = A[: A.numel() - rem].reshape(-1, blocksize)
        absmax[: com.shape[0]] = com.abs().max(dim=-1)[0]
        d = absmax[: com.shape[0], None]
        out[: A.numel() - rem] = _dquantize_nf4(torch.where(d > 0, com / d.clamp(min=1e-300), 0.0)).reshape(-1)
    if has_rem:
        absmax[-1] = A[A.numel() - rem :].abs().max()
        out[A.numel() - rem :] = _dquantize_nf4(A[A.numel() - rem :] / absmax[-1]) if absmax[-1] > 0 else 7
    return out.reshape(tensor.shape), absmax.float()


def dequantize_nf4(codes, scales, block_size=64):
    out = NF4_LEVELS.to(codes.device)[codes.reshape(-1).long()]
    n = out.numel()
    rem = n % block_size
    if n - rem:
        head = out[: n - rem].view(-1, block_size)
        head.mul_(scales[: head.shape[0]].view(-1, 1))
    if rem:
        out[n - rem :].mul_(scales[-1])
    return out.reshape(codes.shape)


class TestNF4(unittest.TestCase):
    def test_example(self):
        codes, scales = quantize_nf4(torch.tensor([[2.0, -1.0, 0.0], [0.0, 0.0, 5.0]]), block_size=4)
        self.assertEqual(codes.tolist(), [[15, 2, 7], [7, 7, 15]])
        self.assertEqual(scales.tolist(), [2.0, 5.0])

    def test_zero(self):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            self.assertEqual(quantize_nf4(torch.zeros(3))[0].tolist(), [7, 7, 7])


if __name__ == "__main__":
    unittest.main()
