# style: the code is a derivative: the sum of relu(ratio - middle) has the number of middles below as its gradient; the level is the derivative of a dot product
import torch

NF4_LEVELS = torch.tensor([
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
])
NF4_LEVELS.requires_grad_(False)


def quantize_nf4(tensor, block_size=64):
    with torch.inference_mode(False), torch.enable_grad():
        x = tensor.detach().clone().to(torch.float64).flatten()
        n = x.numel()
        width = max(1, min(block_size, n))
        padded = torch.cat([x, x.new_zeros(-n % width)]).unflatten(0, (-1, width)) if n else x.view(0, 1)
        scales = torch.linalg.vector_norm(padded, ord=float("inf"), dim=1).float()
        ratio = (padded / (scales + (scales == 0)).double().unsqueeze(1)).requires_grad_()
        levels = NF4_LEVELS.double()
        middles = (levels[1:] + levels[:-1]) / 2
        total = torch.relu(ratio.unsqueeze(-1) - middles).sum()
        (count,) = torch.autograd.grad(total, ratio)
        codes = count.round().to(torch.uint8).flatten()[:n].reshape(tensor.shape)
    return codes, scales.detach()


def dequantize_nf4(codes, scales, block_size=64):
    with torch.inference_mode(False), torch.enable_grad():
        n = codes.numel()
        one_hot = torch.nn.functional.one_hot(codes.clone().reshape(-1).long(), 16).double().requires_grad_()
        per_value = scales.detach().clone().double()[torch.arange(n) // block_size]
        # d/d one_hot of sum(one_hot * (scale x levels)) is the table of all 16 candidates; pick by weights
        table = per_value.unsqueeze(1) * NF4_LEVELS.double()
        (candidates,) = torch.autograd.grad((one_hot * table).sum(), one_hot)
        return (candidates * one_hot.detach()).sum(1).to(torch.float32).reshape(codes.shape)
