"""Exercise 2: LoRA in chosen layers of a model, and a comparison of choices."""

from graders.exercises.selective_injection.comparison import compare
from graders.exercises.selective_injection.injection import exercise, inject

__all__ = ["compare", "exercise", "inject"]
