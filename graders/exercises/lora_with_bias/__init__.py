"""Exercise 1: a LoRA layer that can train the bias of the layer it wraps."""

from graders.exercises.lora_with_bias.hints import HINTS
from graders.exercises.lora_with_bias.layer import exercise, layer, layer_on_cuda

# Claims are reported in the order in which these are imported.
from graders.exercises.lora_with_bias import creation, output, training, moving, dropout  # isort: skip
from graders.exercises.lora_with_bias.mistakes import naming
from graders.exercises.lora_with_bias.replay import replay

__all__ = ["creation", "dropout", "exercise", "layer", "moving", "naming", "output", "training"]

exercise.naming = naming

for _name, _check in exercise.checks_in(layer):
    exercise.also(layer_on_cuda, _name)(_check)
exercise.hints = HINTS
exercise.replay = replay
