# unusual: scales is a strided column of a (blocks, 3) statistics table, and both outputs carry extra Python attributes; right: scales is 1-D float32, one per block, and dequantize needs none of the extras
import torch

NF4_LEVELS = torch.tensor([-1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0])
LEVELS_NP = NF4_LEVELS.numpy()


def quantize_nf4(tensor: torch.Tensor, block_size: int = 64, **options) -> tuple[torch.Tensor, torch.Tensor]:
    verbose = options.pop("verbose", False)
    if options:
        raise TypeError(f"unknown options: {sorted(options)}")
    flat = tensor.detach().to(torch.float32).reshape(-1)
    n = flat.numel()
    n_blocks = (n + block_size - 1) // block_size
    stats = torch.zeros(n_blocks, 3, dtype=torch.float32)          # absmax, min, max of each block
    guess = torch.empty(n, dtype=torch.long)
    for b in range(n_blocks):
        part = flat[b * block_size : (b + 1) * block_size]
        stats[b, 1], stats[b, 2] = part.min(), part.max()
        stats[b, 0] = part.abs().max()
        unit = part / stats[b, 0] if stats[b, 0] > 0 else torch.zeros_like(part)
        # start at the evenly spaced guess, then walk to a neighbour as long as that is nearer
        code = torch.clamp(((unit + 1) * 7.5).round().long(), 0, 15)
        for step in range(16):
            here = (unit - NF4_LEVELS[code]).abs()
            up, down = (code + 1).clamp(max=15), (code - 1).clamp(min=0)
            new = torch.where((unit - NF4_LEVELS[up]).abs() < here, up, code)
            new = torch.where((unit - NF4_LEVELS[down]).abs() < here, down, new)
            if torch.equal(new, code):
                break
            code = new
        guess[b * block_size : (b + 1) * block_size] = code
    codes = guess.byte().reshape(tensor.shape)
    scales = stats[:, 0]                                           # stride 3
    codes.block_size = block_size
    codes.source_dtype = tensor.dtype
    scales.stats = stats
    if verbose:
        print(f"{n} values, {n_blocks} blocks")
    return codes, scales


def dequantize_nf4(codes: torch.Tensor, scales: torch.Tensor, block_size: int = 64) -> torch.Tensor:
    out = torch.empty(codes.numel(), dtype=torch.float32)
    levels = torch.from_numpy(LEVELS_NP[codes.reshape(-1).numpy()])
    for i, s in enumerate(scales.unbind()):
        torch.mul(levels[i * block_size : (i + 1) * block_size], s, out=out[i * block_size : (i + 1) * block_size])
    out = out.reshape(codes.shape)
    out.scales = scales
    return out
