# only the distinct quotients are looked at (torch.unique), with torch.cdist as the ruler; so too on the way back
import torch

LEVELS = torch.tensor([
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
], dtype=torch.float64)


def block_numbers(like, block_size):
    return torch.arange(like.numel(), device=like.device).floor_divide(block_size)


def quantize_nf4(tensor, block_size=64):
    flat = tensor.detach().reshape(-1).to(torch.float64)
    if not flat.numel():
        return tensor.detach().to(torch.uint8), flat.to(torch.float32)
    number = block_numbers(flat, block_size)
    top = torch.zeros(int(number[-1]) + 1, dtype=torch.float64, device=flat.device)
    scales = top.scatter_reduce(0, number, flat.abs(), reduce="amax").to(torch.float32)
    quotients = flat / scales.to(torch.float64).where(scales != 0, torch.ones_like(top))[number]
    distinct, where = torch.unique(quotients, return_inverse=True)
    ruler = torch.cdist(distinct.unsqueeze(1), LEVELS.to(flat.device).unsqueeze(1), p=1.0)
    return ruler.argmin(dim=1).to(torch.uint8)[where].reshape(tensor.shape), scales


def dequantize_nf4(codes, scales, block_size=64):
    flat = codes.reshape(-1).long()
    # there are at most 16 products for each block
    pairs, where = torch.unique(block_numbers(flat, block_size) * 16 + flat, return_inverse=True)
    products = LEVELS.to(flat.device)[pairs % 16] * scales[pairs // 16].to(torch.float64)
    return products.to(torch.float32)[where].reshape(codes.shape)
