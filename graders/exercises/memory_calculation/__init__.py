"""Exercise 3: memory for full fine-tuning and for LoRA."""

from graders.exercises.memory_calculation.estimate import estimate, exercise, refuse
from graders.exercises.memory_calculation.hints import HINTS
from graders.exercises.memory_calculation.mistakes import naming
from graders.exercises.memory_calculation.pictures import picture
from graders.exercises.memory_calculation.replay import replay

__all__ = ["estimate", "exercise", "naming", "refuse"]

exercise.naming = naming
exercise.hints = HINTS
exercise.picture = picture
exercise.replay = replay
