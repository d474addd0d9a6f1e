"""Exercise 4 (20 points): NF4, the 4-bit numbers of QLoRA.

Write the two functions below where they raise NotImplementedError, keep the names and the signatures, and
hand in this file under its name, `nf4_quantization.py`. A notebook `lora_theory.ipynb` with the same
definitions is fine too.

While it is graded
    Imports:  torch, numpy, Python's standard library, `lab` (the given code), and your other exercise files.
              Other packages (matplotlib, pandas, peft, ...) are not there: importing one raises ImportError.
    Blocked:  the network, starting new processes, and opening files. They raise OSError. That includes
              `DataLoader(num_workers=2)`: leave `num_workers` at 0. Printing is harmless.
    Time:     30 seconds for a case of more than 1,000 values (up to some 30,000, so a Python loop over
              them is in time), 4 for a smaller one, 10 for loading this file. Put what takes longer below
              `if __name__ == "__main__":`.
    lab.py:   you need not hand it in; the grader uses its own copy.
"""

import torch
from torch import nn

# The 16 levels of NF4, ascending from -1 to 1; level 7 is 0.
# Dettmers et al. 2023, "QLoRA", arXiv 2305.14314, Appendix E.
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


def quantize_nf4(tensor: torch.Tensor, block_size: int = 64) -> tuple[torch.Tensor, torch.Tensor]:
    """Turn a tensor into one 4-bit code for each value and one scale for each block.

    What counts
        * The values are read in row-major order (that of `tensor.reshape(-1)`) in blocks of `block_size`.
          Blocks do not stop at the end of a row. The last block may be shorter.
        * The scale of a block is its largest absolute value. All scales together: `torch.float32`, 1-D, one
          per block.
        * The code of a value is the index of the level in NF4_LEVELS that is nearest to `value / scale`.
          Exactly in the middle of two levels, either of them is right. All codes together: `torch.uint8`, in
          the tensor's shape, one code to a byte (do not pack two of them).
        * A block of zeros has scale 0 and codes 7, without NaN and without a warning. So do not divide by
          that scale.
        * An empty tensor gives empty codes and no scales.
        * The tensor is not changed. It may have any floating dtype (float16, bfloat16, float32, float64) and
          any shape, 0-d too, and need not be contiguous (a transposed matrix, say).

    Args:
        tensor: the values.
        block_size: how many values share a scale; any integer from 1, also one above the number of values.

    Returns:
        (codes, scales).

    Example:
        >>> codes, scales = quantize_nf4(torch.tensor([[2.0, -1.0, 0.0], [0.0, 1.0, -5.0]]), block_size=4)
        >>> codes
        tensor([[15,  2,  7],
                [ 7,  9,  0]], dtype=torch.uint8)
        >>> scales
        tensor([2., 5.])

    Hints:
        * The levels are not evenly spaced, so rounding does not find the nearest one. Compare distances to
          all 16, or count how many of the 15 middles between neighbours lie below.
        * Compute in float32 whatever the tensor's dtype: bfloat16 has only 2 to 3 digits.
    """
    raise NotImplementedError("write quantize_nf4 here")


def dequantize_nf4(codes: torch.Tensor, scales: torch.Tensor, block_size: int = 64) -> torch.Tensor:
    """Turn codes and scales back into values: the level of each code times the scale of its block.

    What counts
        * The result is `torch.float32` and has the shape of `codes`, whatever that shape is.
        * Blocks are those of `quantize_nf4`: row-major, `block_size` codes each, the last one may be shorter.
        * Empty codes give an empty tensor.
        * Neither `codes` nor `scales` is changed.

    Args:
        codes: `torch.uint8`, from 0 to 15, any shape.
        scales: `torch.float32`, 1-D, one per block.
        block_size: as it was for `quantize_nf4`.

    Returns:
        The values, each within half the gap between two levels (times the scale) of what was quantized.

    Example:
        >>> codes = torch.tensor([[15, 2, 7], [7, 9, 0]], dtype=torch.uint8)
        >>> dequantize_nf4(codes, torch.tensor([2.0, 5.0]), block_size=4)
        tensor([[ 2.0000, -1.0501,  0.0000],
                [ 0.0000,  0.8047, -5.0000]])

    Hints:
        * Index with `NF4_LEVELS[codes.long()]`: PyTorch takes a uint8 index as a mask (true or false), not as
          positions. Do not multiply it in place: for one code without dimensions it is a view of the table.
        * `scales.repeat_interleave(block_size)` has a scale for each value, and perhaps a few too many at the
          end.
    """
    raise NotImplementedError("write dequantize_nf4 here")
