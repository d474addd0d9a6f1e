# autograd finds the codes: the derivative of the sum of 15 hinges relu(v - threshold) counts the thresholds below v
import torch

LEVELS = torch.tensor([
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
])
HINGES = LEVELS.double().unfold(0, 2, 1).mean(dim=1)


def convex(v):
    return torch.relu(v.unsqueeze(-1) - HINGES.to(v.device)).sum()


def quantize_nf4(tensor, block_size=64):
    with torch.inference_mode(False), torch.enable_grad():
        v = tensor.detach().clone().reshape(-1).double()
        chunks = v.split(block_size) if len(v) else []
        scales = torch.stack([c.abs().amax() for c in chunks]).float() if chunks else v.float()
        safe = scales.double() + (scales == 0)
        point = v / safe.repeat_interleave(block_size)[: len(v)] if block_size <= len(v) else v / safe.sum()
        point.requires_grad_()
        (slope,) = torch.autograd.grad(convex(point), point)
    return slope.round().to(torch.uint8).reshape(tensor.shape), scales


def dequantize_nf4(codes, scales, block_size=64):
    out = LEVELS.to(codes.device).take(codes.long()).contiguous()
    flat = out.view(-1)
    for i, s in enumerate(scales.tolist()):
        flat[i * block_size : (i + 1) * block_size] *= s
    return out
