"""Exercise 3: memory for full fine-tuning and for LoRA."""

from graders.exercises.memory_calculation.estimate import estimate, exercise, refuse
from graders.exercises.memory_calculation.mistakes import naming

__all__ = ["estimate", "exercise", "naming", "refuse"]

exercise.naming = naming
