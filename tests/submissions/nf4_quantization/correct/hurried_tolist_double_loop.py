# hurried: .tolist() and two Python loops, no torch maths at all (doubles inside); right: nearest level by abs(), scale 0 is never divided by, 30,000 values take a moment only
import torch
lv = [-1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0]
def quantize_nf4(tensor, block_size=64):
    # tolist gives doubles, so it doesnt matter what dtype it was
    vals = tensor.flatten().tolist()
    out = []; sc = []
    k = 0
    while k < len(vals):
        blk = vals[k:k+block_size]
        m = 0.0
        for v in blk:
            if abs(v) > m: m = abs(v)
        sc.append(m)
        for v in blk:
            if m == 0:
                out.append(7)
                continue
            best = 0
            for j in range(16):
                if abs(v/m - lv[j]) < abs(v/m - lv[best]): best = j
            out.append(best)
        k = k + block_size
    return torch.tensor(out, dtype=torch.uint8).view(tensor.shape), torch.tensor(sc, dtype=torch.float32)
def dequantize_nf4(codes, scales, block_size=64):
    c = codes.flatten().tolist()
    s = scales.tolist()
    out = []
    for i in range(len(c)):
        out.append(lv[c[i]] * s[i//block_size])
    return torch.tensor(out, dtype=torch.float32).view(codes.shape)
