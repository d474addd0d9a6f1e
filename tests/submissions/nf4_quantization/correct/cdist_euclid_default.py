# style: torch.cdist with its default p=2, by matrix multiplication: within 2e-7 of the middle it may err, which is allowed
import torch

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

def quantize_nf4(tensor, block_size=64):
    flat = tensor.reshape(-1).float()
    n = flat.numel()
    if n == 0:
        return torch.empty(tensor.shape, dtype=torch.uint8), torch.empty(0)
    rows = torch.nn.functional.pad(flat, (0, -n % block_size)).view(-1, block_size)
    scales = rows.abs().amax(1)
    y = (rows / torch.where(scales > 0, scales, 1.0).unsqueeze(1)).reshape(-1, 1)
    codes = torch.cdist(y, NF4_LEVELS.unsqueeze(1)).argmin(dim=1)
    return codes[:n].to(torch.uint8).reshape(tensor.shape), scales


def dequantize_nf4(codes, scales, block_size=64):
    flat = NF4_LEVELS[codes.reshape(-1).long()]
    for i in range(scales.numel()):
        flat[i * block_size:(i + 1) * block_size] *= scales[i]
    return flat.view(codes.shape)
