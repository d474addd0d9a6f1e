# unusual: a small `tf` shim class (tf.reshape, tf.gather, divide_no_nan, reduce_max) and static methods exported by assignment, blocks as ragged rows masked with -1; right: the same maths under other names
from typing import Tuple

import torch


class tf:
    Tensor = torch.Tensor
    float32, float64, uint8, int64 = torch.float32, torch.float64, torch.uint8, torch.int64

    @staticmethod
    def cast(x, dtype):
        return x.detach().to(dtype)

    @staticmethod
    def reshape(x, shape):
        return torch.reshape(x, tuple(shape))

    @staticmethod
    def gather(params, indices):
        return params[indices]

    @staticmethod
    def reduce_max(x, axis):
        return torch.amax(x, dim=axis) if x.shape[axis] else x.new_zeros(x.shape[:axis])

    @staticmethod
    def divide_no_nan(a, b):
        return torch.where(b == 0, torch.zeros_like(a), a / torch.where(b == 0, torch.ones_like(b), b))

    @staticmethod
    def searchsorted(edges, x, side):
        return torch.searchsorted(edges, x.contiguous(), side=side)

    @staticmethod
    def boolean_mask(x, mask):
        return torch.masked_select(x, mask)


class NF4Quantizer:
    LEVELS = torch.tensor([-1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0], dtype=torch.float64)
    BOUNDARIES = (LEVELS[:-1] + LEVELS[1:]) * 0.5

    @staticmethod
    def _grid(n: int, block_size: int) -> Tuple[torch.Tensor, torch.Tensor]:
        width = min(block_size, n) if n else 0
        rows = -(-n // block_size)
        position = torch.arange(rows * width).reshape(rows, width)
        mask = position < n
        return torch.where(mask, position, 0), mask

    @staticmethod
    def quantize(tensor: tf.Tensor, block_size: int = 64) -> Tuple[tf.Tensor, tf.Tensor]:
        cls = NF4Quantizer
        x = tf.reshape(tf.cast(tensor, tf.float64), [-1])
        position, mask = cls._grid(x.numel(), block_size)
        ragged = tf.gather(x, position)
        magnitude = torch.where(mask, ragged.abs(), -1.0)
        scale = tf.reduce_max(magnitude, axis=1)
        unit = tf.divide_no_nan(ragged, scale[:, None].expand_as(ragged))
        codes = tf.searchsorted(cls.BOUNDARIES, unit, side="left")
        codes = tf.boolean_mask(codes, mask)
        return tf.cast(tf.reshape(codes, tensor.shape), tf.uint8), tf.cast(scale, tf.float32)

    @staticmethod
    def dequantize(codes: tf.Tensor, scales: tf.Tensor, block_size: int = 64) -> tf.Tensor:
        cls = NF4Quantizer
        flat = tf.gather(cls.LEVELS, tf.cast(tf.reshape(codes, [-1]), tf.int64))
        position, mask = cls._grid(flat.numel(), block_size)
        product = tf.gather(flat, position) * tf.cast(scales, tf.float64)[:, None]
        return tf.cast(tf.reshape(tf.boolean_mask(product, mask), codes.shape), tf.float32)


quantize_nf4 = NF4Quantizer.quantize
dequantize_nf4 = NF4Quantizer.dequantize
