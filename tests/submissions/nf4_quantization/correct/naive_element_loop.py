# style: beginner, loops over single elements with tensor indexing, slow but within the time limit
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
    x = tensor.clone().float().flatten()
    codes = torch.zeros(x.shape[0], dtype=torch.uint8)
    scales = []
    i = 0
    while i < x.shape[0]:
        block = x[i : i + block_size]
        scale = block.abs().max()
        scales.append(scale.item())
        for j in range(len(block)):
            if scale == 0:
                codes[i + j] = 7
            else:
                codes[i + j] = torch.argmin(torch.abs(NF4_LEVELS - block[j] / scale))
        i = i + block_size
    return codes.reshape(tensor.shape), torch.FloatTensor(scales)


def dequantize_nf4(codes, scales, block_size=64):
    flat = codes.flatten()
    out = torch.zeros(flat.shape[0])
    for i in range(flat.shape[0]):
        out[i] = NF4_LEVELS[int(flat[i])] * scales[i // block_size]
    return out.reshape(codes.shape)
