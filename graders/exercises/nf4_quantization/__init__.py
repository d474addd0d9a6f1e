"""Exercise 4: NF4 quantization, block by block, and back."""

from graders.exercises.nf4_quantization.hints import HINTS
from graders.exercises.nf4_quantization.tensors import exercise

# Claims are reported in the order in which these are imported.
from graders.exercises.nf4_quantization.quantization import quantize  # isort: skip
from graders.exercises.nf4_quantization.dequantization import dequantize  # isort: skip
from graders.exercises.nf4_quantization.mistakes import naming
from graders.exercises.nf4_quantization.pictures import picture
from graders.exercises.nf4_quantization.replay import replay

__all__ = ["dequantize", "exercise", "naming", "quantize"]

exercise.naming = naming
exercise.hints = HINTS
exercise.picture = picture
exercise.replay = replay
