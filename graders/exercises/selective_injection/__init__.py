"""Exercise 2: LoRA in chosen layers of a model, and a comparison of choices."""

from graders.exercises.selective_injection.comparison_case import compare
from graders.exercises.selective_injection.hints import HINTS
from graders.exercises.selective_injection.injection_case import exercise, inject

# Claims are reported in the order in which these are imported.
from graders.exercises.selective_injection import injection, comparison  # isort: skip
from graders.exercises.selective_injection.mistakes import naming
from graders.exercises.selective_injection.pictures import picture
from graders.exercises.selective_injection.replay import replay

__all__ = ["compare", "comparison", "exercise", "inject", "injection"]

exercise.hints = HINTS
exercise.picture = picture
exercise.naming = naming
exercise.replay = replay
