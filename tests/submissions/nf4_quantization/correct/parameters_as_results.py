# unusual: PEFT-like Params4bit bookkeeping: scales come from nn.ParameterDict entries without grad, table is an nn.Parameter
import torch
from torch import nn
from lab import SimpleTransformerBlock

CODE = nn.Parameter(torch.tensor([-1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635,
                                  -0.18477343022823334, -0.09105003625154495, 0.0, 0.07958029955625534,
                                  0.16093020141124725, 0.24611230194568634, 0.33791524171829224, 0.44070982933044434,
                                  0.5626170039176941, 0.7229568362236023, 1.0]), requires_grad=False)


class QuantState(dict):
    """What bitsandbytes keeps beside the codes."""
    __getattr__ = dict.__getitem__


def _quantize(A, blocksize):
    flat = torch.atleast_1d(A.detach().to(torch.float32)).reshape(-1)
    absmax = [0] * -(flat.numel() // -blocksize)
    out = []
    for i in range(len(absmax)):
        block = flat[i * blocksize:][:blocksize]
        absmax[i] = max(block.max().item(), -block.min().item())
        y = block / (absmax[i] or 1)
        out += ((CODE.view(16, 1) - y) ** 2).min(dim=0).indices.tolist()
    state = QuantState(absmax=nn.Parameter(torch.tensor(absmax, dtype=torch.float32), requires_grad=False),
                       shape=A.shape, blocksize=blocksize, quant_type="nf4")
    return torch.tensor(out, dtype=torch.uint8).reshape(A.shape), state


def quantize_nf4(tensor, block_size=64):
    out, state = _quantize(tensor, blocksize=block_size)
    return out, state.absmax.data


def dequantize_nf4(codes, scales, block_size=64):
    flat = CODE[codes.reshape(-1).long()]
    pieces = [p * s for p, s in zip(torch.split(flat, block_size), scales)]
    return torch.cat(pieces or [flat]).reshape(codes.shape)


def memory_report():
    model = SimpleTransformerBlock(64, 4)
    for name, p in model.named_parameters():
        if p.dim() == 2:
            c, s = quantize_nf4(p)
            print(f"{name:20s} {p.numel() * 4:8d} bytes -> {c.numel() // 2 + s.numel() * 4:8d}")


memory_report()
