# unusual: prints, logs to a file and looks for a table file, each in try/except OSError; right: blocked files cost nothing because each has a fallback, printing is harmless
import json
import logging
import sys

import torch

log = logging.getLogger("nf4_lab")
log.setLevel(logging.DEBUG)
log.propagate = False
if not log.handlers:
    try:
        log.addHandler(logging.FileHandler("nf4_debug.log"))
    except OSError as err:
        print("no log file:", err)
        log.addHandler(logging.StreamHandler(sys.stdout))

try:
    with open("my_nf4_levels.json") as f:
        LEVELS = torch.tensor(json.load(f))
except Exception as e:  # no such file, or blocked: type it in
    print("using the built in table", type(e).__name__)
    LEVELS = torch.tensor([-1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0])

try:
    torch.set_num_threads(1)
except Exception:
    pass


def quantize_nf4(tensor, block_size=64):
    print(f"quantizing {tuple(tensor.shape)} {tensor.dtype} block_size={block_size}")
    x = tensor.detach().reshape(-1).to(dtype=torch.float32, copy=True)
    try:
        scales = torch.stack([b.abs().max() for b in torch.split(x, block_size)])
    except Exception as e:           # max() of nothing
        log.debug("empty? %s", e)
        assert x.numel() == 0
        return torch.zeros(tensor.shape, dtype=torch.uint8), torch.zeros(0, dtype=torch.float32)
    for i, s in enumerate(scales.tolist()):
        if s == 0:
            log.debug("block %d is zero", i)
        else:
            x[i * block_size:(i + 1) * block_size].div_(s)      # x is my own copy
    best = torch.full_like(x, 99.0)
    codes = torch.zeros(x.shape, dtype=torch.uint8)
    for k, level in enumerate(LEVELS.tolist()):
        d = (x - level).abs()
        better = d < best
        codes[better] = k
        best = torch.minimum(best, d)
    log.info("worst distance %.4f", best.max().item())
    return codes.reshape(tensor.shape), scales


def dequantize_nf4(codes, scales, block_size=64):
    try:
        values = torch.index_select(LEVELS, 0, codes.reshape(-1).int())
        blocks = list(torch.split(values, block_size))
        result = torch.cat([b * s for b, s in zip(blocks, scales)])
    except Exception as e:
        log.debug("nothing to join: %s", e)
        assert codes.numel() == 0
        result = torch.zeros(0, dtype=torch.float32)
    return result.reshape(codes.shape)


print("nf4_quantization loaded")
