"""Exercise 2: LoRA in chosen layers of a model, and a comparison of choices."""

from graders.exercises.selective_injection.comparison import compare
from graders.exercises.selective_injection.hints import HINTS
from graders.exercises.selective_injection.injection import exercise, inject
from graders.exercises.selective_injection.mistakes import naming
from graders.exercises.selective_injection.pictures import picture
from graders.exercises.selective_injection.replay import replay

__all__ = ["compare", "exercise", "inject"]

exercise.hints = HINTS
exercise.picture = picture
exercise.naming = naming
exercise.replay = replay
