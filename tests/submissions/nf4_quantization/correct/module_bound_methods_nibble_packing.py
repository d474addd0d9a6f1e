# unusual: the names are bound methods of an nn.Module that packs two codes to a byte inside and unpacks them again; right: what comes out is one uint8 code to a value in the tensor's shape
import torch
import torch.nn.functional as F
from torch import nn


class NF4(nn.Module):
    def __init__(self):
        super().__init__()
        levels = torch.tensor([-1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0])
        self.embed = nn.Embedding.from_pretrained(levels.unsqueeze(1), freeze=True)
        self.register_buffer("middles", (levels[1:] + levels[:-1]).div(2), persistent=False)
        self.requires_grad_(False).eval()

    @staticmethod
    def pack(codes):
        codes = F.pad(codes, (0, codes.numel() % 2))
        return (codes[0::2] << 4) | codes[1::2]

    @staticmethod
    def unpack(packed, n):
        return torch.stack([packed >> 4, packed & 0x0F], dim=1).flatten()[:n]

    @torch.no_grad()
    def quantize(self, tensor, block_size=64):
        flat = tensor.to(self.middles.dtype).flatten()
        pieces = torch.tensor_split(flat, tuple(range(block_size, flat.numel(), block_size))) if flat.numel() else []
        absmax = torch.stack([p.abs().max() for p in pieces]) if pieces else flat.new_empty(0)
        scaled = [torch.nan_to_num(p / a) if a else p for p, a in zip(pieces, absmax)]
        scaled = torch.cat(scaled) if scaled else flat
        codes = torch.bucketize(scaled, self.middles, out_int32=True).to(torch.uint8)
        packed = self.pack(codes)                        # what one would store
        return self.unpack(packed, flat.numel()).reshape(tensor.shape), absmax

    @torch.no_grad()
    def dequantize(self, codes, scales, block_size=64):
        flat = self.embed(codes.flatten().long()).squeeze(-1)
        step = max(1, min(block_size, flat.numel()))
        grid = F.pad(flat, (0, -flat.numel() % step)).view(-1, step)
        return (grid * scales.view(-1, 1)).view(-1)[: flat.numel()].view(codes.shape)

    forward = dequantize


_nf4 = NF4()
quantize_nf4 = _nf4.quantize
dequantize_nf4 = _nf4.dequantize
