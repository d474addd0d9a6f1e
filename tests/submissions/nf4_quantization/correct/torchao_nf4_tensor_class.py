# unusual: torchao/torchtune-like NF4Tensor class with bucketize on midpoints, functions are thin wrappers
import torch
from dataclasses import dataclass, replace

class NF4Tensor:
    """Simplified from torchao.dtypes.nf4tensor (no double quantization, no packing)."""

    nf4 = torch.tensor([
        -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
        -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
        0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
        0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0])

    @dataclass(frozen=True)
    class SubclassTensorArgs:
        original_shape: torch.Size
        device: torch.device
        requires_grad: bool = False

    __slots__ = ("tensor_meta", "block_size", "quantized_data", "scalers")

    def __init__(self, tensor_meta, block_size, quantized_data, scalers):
        self.tensor_meta = tensor_meta
        self.block_size = block_size
        self.quantized_data = quantized_data
        self.scalers = scalers

    @classmethod
    @torch.no_grad()
    def from_tensor(cls, inpt_tensor, block_size):
        meta = cls.SubclassTensorArgs(inpt_tensor.size(), inpt_tensor.device)
        flattened = inpt_tensor.flatten()
        remainder = flattened.numel() % block_size
        if remainder:
            flattened = torch.cat([flattened, flattened.new_zeros(block_size - remainder)])
        blocks = flattened.view(-1, block_size)
        scalers = cls.get_scalers(blocks)
        return cls(meta, block_size, cls.convert_to_norm_float_weight(blocks, scalers), scalers)

    @staticmethod
    def get_scalers(blocks):
        return blocks.abs().amax(dim=1).float()

    @classmethod
    def convert_to_norm_float_weight(cls, blocks, scalers):
        scaled = blocks.float() / scalers.clamp(min=torch.finfo(torch.float32).tiny).unsqueeze(1)
        mids = ((cls.nf4[1:].double() + cls.nf4[:-1].double()) / 2).float().to(blocks.device)
        return torch.bucketize(scaled, mids, out_int32=True).to(torch.uint8)

    def get_original_weight(self):
        dequantized = self.nf4.to(self.scalers.device)[self.quantized_data.int()] * self.scalers[:, None]
        return dequantized.flatten()[: self.tensor_meta.original_shape.numel()].reshape(self.tensor_meta.original_shape)

    @property
    def codes(self):
        return self.quantized_data.flatten()[: self.tensor_meta.original_shape.numel()].reshape(self.tensor_meta.original_shape)

    def __repr__(self):
        return f"NF4Tensor({self.tensor_meta.original_shape}, block_size={self.block_size})"


def to_nf4(tensor, block_size: int = 64):
    return NF4Tensor.from_tensor(tensor, block_size)


def quantize_nf4(tensor, block_size=64):
    w = to_nf4(tensor, block_size)
    return w.codes, w.scalers


def dequantize_nf4(codes, scales, block_size=64):
    flat = codes.flatten()
    pad = -flat.numel() % block_size
    flat = torch.nn.functional.pad(flat, (0, pad), value=7)
    meta = NF4Tensor.SubclassTensorArgs(codes.size(), codes.device)
    return NF4Tensor(meta, block_size, flat.view(-1, block_size), scales).get_original_weight()
