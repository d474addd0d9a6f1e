# the ragged blocks are one nested tensor, padded only to compute; the warning that this is a prototype is caught
import warnings

import torch

LEVELS = torch.tensor([
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
])
CUTS = (LEVELS[1:].double() + LEVELS[:-1].double()) / 2


def ragged(flat, block_size, fill):
    """Blocks as rows of a matrix, the last row filled up; and a mask of the true entries."""
    blocks = list(flat.split(block_size))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        matrix = torch.nested.nested_tensor(blocks).to_padded_tensor(fill)
    sizes = torch.tensor([len(b) for b in blocks], device=flat.device)
    return matrix, torch.arange(matrix.shape[1], device=flat.device) < sizes[:, None]


def quantize_nf4(tensor, block_size=64):
    flat = tensor.detach().reshape(-1).double()
    if flat.numel() == 0:
        return torch.empty(tensor.shape, dtype=torch.uint8, device=tensor.device), flat.float()
    matrix, true = ragged(flat, block_size, 0.0)
    # max over +- avoids abs: max(largest, -smallest)
    low, high = matrix.aminmax(dim=1)
    scales = torch.maximum(-low, high).abs().float()
    u = matrix / torch.where(scales > 0, scales, torch.ones_like(scales)).double()[:, None]
    codes = (u[..., None] > CUTS.to(u.device)).count_nonzero(-1)
    return codes[true].to(torch.uint8).reshape(tensor.shape), scales


def dequantize_nf4(codes, scales, block_size=64):
    if codes.numel() == 0:
        return torch.empty(codes.shape, dtype=torch.float32, device=codes.device)
    matrix, true = ragged(LEVELS.to(codes.device)[codes.reshape(-1).long()], block_size, 0.0)
    return (matrix * scales[:, None])[true].reshape(codes.shape)
