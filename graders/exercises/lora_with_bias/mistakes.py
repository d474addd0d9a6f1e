"""Known mistakes of exercise 1, executable: the wrong reference with one thing changed."""

from __future__ import annotations

from typing import Any

from graders.exercise import Case, Experiment, Mistake, Naming, Seen, Shows
from graders.exercises.lora_with_bias.beside import Beside
from graders.exercises.lora_with_bias.creation import pair
from graders.exercises.lora_with_bias.dropout import dropout_run
from graders.exercises.lora_with_bias.layer import layer
from graders.exercises.lora_with_bias.moving import moves
from graders.exercises.lora_with_bias.wrong_layer import Ways

MISTAKES = {
    "missing-scaling": ("The update is not scaled", "Double alpha: what should happen to the adapter's share of the output?"),
    "scaling-alpha-only": ("The update is scaled by alpha alone", "Double the rank and keep alpha: what should happen to the scale?"),
    "scaling-rank-only": ("alpha has no influence on the scale", "Double alpha: what should happen to the adapter's share of the output?"),
    "scaling-inverted": ("The scale is upside down", "Is the scale for alpha 16 and rank 2 above or below 1?"),
    "scaling-sqrt-rank": ("The scale has a square root", "Which scale does the text ask for: LoRA's or that of rsLoRA?"),
    "scaling-times-rank": ("The scale is multiplied by the rank", "Compare the scales for rank 1 and rank 4 with the formula."),
    "scaling-applied-twice": ("The scale is applied twice", "Count the places in which alpha or rank enters your output."),
    "scaling-floor-division": ("The scale is cut to a whole number", "What is your scale for alpha 16 and rank 3, to three digits?"),
    "scales-base-output": ("The scale multiplies more than the update", "Which part of the formula stands behind alpha / rank?"),
    "base-path-missing": ("The original layer's output is missing", "What is your output when B is zero, and what should it be?"),
    "base-path-detached": ("No gradient flows through the original layer", "The weight is frozen. Does x still need the gradient that passes through it?"),
    "b-not-zero": ("B does not start at zero", "What is the update right after creation, and what should it be?"),
    "a-zero": ("A starts at zero", "What is the gradient of B when A is zero, and that of A when B is?"),
    "a-constant": ("A starts with equal entries", "If all rows of A start equal, what makes them differ later?"),
    "factors-swapped": ("The factors have each other's shape, or are turned round", "Compare lora_A.shape and lora_B.shape with the text."),
    "features-exchanged": ("in_features and out_features are exchanged", "In which order does weight.shape of an nn.Linear list them?"),
    "factors-not-registered": ("The factors are not parameters of the layer", "Does list(layer.parameters()) show lora_A and lora_B?"),
    "factors-frozen": ("A factor is frozen", "Which parameters of a LoRA layer does an optimizer change?"),
    "factor-with-bias": ("A factor has a bias", "Which argument of nn.Linear leaves the bias out?"),
    "factors-shared": ("Layers share a factor", "Make two layers and change lora_B of one: what happens to the other?"),
    "lora-path-detached": ("A gradient stops in the LoRA path", "Call backward() and look at the gradients of lora_A, of lora_B and of x."),
    "base-weight-trainable": ("The original weight is trainable", "Print requires_grad of the original weight: for each way to call your layer, and in both modes."),
    "bias-always-trained": ("The bias is trainable without being asked for", "What should requires_grad of the bias be when train_bias is False?"),
    "bias-never-trained": ("The bias is not trained when it is asked for", "With train_bias=True: does the bias that your output uses get a gradient?"),
    "bias-flag-inverted": ("train_bias has the opposite effect", "Print requires_grad of the bias for both values of train_bias."),
    "bias-gained": ("The layer gets a bias of its own", "Which parameters does your layer have that the text does not ask for?"),
    "crashes-without-bias": ("A layer without a bias makes it crash", "What is nn.Linear(4, 3, bias=False).bias?"),
    "bias-added-twice": ("The bias is added twice", "Does the original layer's output hold its bias already?"),
    "bias-dropped": ("The bias is lost", "What is your output for an input of zeros?"),
    "dropout-ignored": ("Dropout has no effect", "Call your layer twice in training mode with dropout 0.5, for both values of train_bias: do the outputs differ?"),
    "dropout-on-base-path": ("Dropout acts on the original layer's path", "Which of the two paths gets the input unchanged?"),
    "dropout-in-eval": ("Dropout acts in evaluation mode", "Who tells your dropout whether the layer is in training mode?"),
    "dropout-on-output": ("Dropout acts on an output", "Does the formula drop values of x, or of what is computed from it?"),
    "dropout-not-per-input": ("Dropout does not drop each input by itself", "Does the formula drop single values of x, whole rows, or what comes out of A?"),
    "dropout-unscaled": ("What dropout keeps is not scaled", "By what does nn.Dropout divide the values that it keeps?"),
    "dropout-keep-probability": ("dropout is taken for the share to keep", "Is dropout=0.1 the share that is dropped, or the share that stays?"),
    "merged-at-init": ("The present factors have no influence", "Set lora_B to ones after creation: does the output change?"),
}  # fmt: skip

# Each may be made in several ways; each way is a variant, `id` or `id: how`.
VARIANTS: dict[str, dict[str, Any]] = {
    "missing-scaling": {"scale": "1"},
    "missing-scaling: in evaluation": {"scale_in_eval": "1"},
    "missing-scaling: in training": {"scale": "1", "scale_in_eval": "alpha / rank"},
    "scaling-alpha-only": {"scale": "alpha"},
    "scaling-rank-only": {"scale": "1 / rank"},
    "scaling-inverted": {"scale": "rank / alpha"},
    "scaling-sqrt-rank": {"scale": "alpha / sqrt(rank)"},
    "scaling-sqrt-rank: of the ratio": {"scale": "sqrt(alpha / rank)"},
    "scaling-times-rank": {"scale": "alpha * rank"},
    "scaling-times-rank: alone": {"scale": "rank"},
    "scaling-applied-twice": {"scale": "(alpha / rank)^2"},
    "scaling-applied-twice: rank": {"scale": "alpha / rank^2"},
    "scaling-floor-division": {"scale": "alpha // rank"},
    "scaling-floor-division: rounded": {"scale": "round(alpha / rank)"},
    "scales-base-output": {"scaled": "sum"},
    "scales-base-output: alone": {"scaled": "base"},
    "scales-base-output: weight": {"scaled": "all but bias"},
    "scales-base-output: bias": {"scaled": "path and bias"},
    "base-path-missing": {"base": "missing"},
    "base-path-missing: but for the bias": {"base": "bias"},
    "base-path-missing: not held": {"base": "gone"},
    "base-path-detached": {"detached": frozenset({"base"})},
    "base-path-detached: weight": {"detached": frozenset({"weight"})},
    "b-not-zero": {"start_B": "not zero"},
    "a-zero": {"start_A": "zero"},
    "a-zero: B is not": {"start_A": "zero", "start_B": "not zero"},
    "a-constant": {"start_A": "constant"},
    "factors-swapped": {"shapes": "transposed"},
    "factors-swapped: A": {"shapes": "A transposed"},
    "factors-swapped: B": {"shapes": "B transposed"},
    "factors-swapped: names": {"shapes": "names", "start_A": "zero", "start_B": "not zero"},
    "factors-swapped: names, B zero": {"shapes": "names"},
    "factors-swapped: names, transposed": {"shapes": "names transposed", "start_A": "zero", "start_B": "not zero"},
    "factors-swapped: names, transposed, B zero": {"shapes": "names transposed"},
    "features-exchanged": {"shapes": "features"},
    "factors-not-registered": {"held": "tensors"},
    "factors-not-registered: without gradient": {"held": "plain tensors"},
    "factors-not-registered: buffers": {"held": "buffers"},
    "factors-not-registered: list": {"held": "list"},
    "factors-not-registered: list, cast": {"held": "list", "cast": True},
    "factors-not-registered: cast": {"held": "tensors", "cast": True},
    "factors-not-registered: A": {"held": "tensors", "held_so": "A"},
    "factors-not-registered: A, without gradient": {"held": "plain tensors", "held_so": "A"},
    "factors-not-registered: A, buffer": {"held": "buffers", "held_so": "A"},
    "factors-frozen": {"frozen": "AB"},
    "factors-frozen: A": {"frozen": "A"},
    "factors-frozen: B": {"frozen": "B"},
    "factor-with-bias": {"biased": "A"},
    "factors-shared": {"shared": "AB"},
    "factors-shared: A": {"shared": "A"},
    "factors-shared: B": {"shared": "B"},
    "lora-path-detached": {"detached": frozenset({"path"})},
    "lora-path-detached: and all else": {"detached": frozenset({"path", "base"})},
    "lora-path-detached: factors": {"detached": frozenset({"A", "B"})},
    "lora-path-detached: A": {"detached": frozenset({"A"})},
    "lora-path-detached: B": {"detached": frozenset({"B"})},
    "lora-path-detached: x": {"detached": frozenset({"x"})},
    "base-weight-trainable": {"weight_trains": "as it came"},
    "base-weight-trainable: thawed": {"weight_trains": "always"},
    "base-weight-trainable: under train_bias": {"weight_trains": "asked"},
    "base-weight-trainable: without train_bias": {"weight_trains": "came and not asked"},
    "base-weight-trainable: without a bias": {"weight_trains": "as it came", "flags_when": "no bias"},
    "base-weight-trainable: before forward": {"flags_when": "before forward"},
    "base-weight-trainable: by train()": {"flags_when": "by train()"},
    "bias-always-trained": {"bias_trains": "as it came"},
    "bias-always-trained: thawed": {"bias_trains": "always"},
    "bias-always-trained: not frozen": {"bias_trains": "asked or came"},
    "bias-never-trained": {"bias_trains": "never"},
    "bias-never-trained: if it came frozen": {"bias_trains": "asked and came"},
    "bias-never-trained: detached": {"detached": frozenset({"bias"})},
    "bias-never-trained: a copy": {"bias": "copy unused", "bias_when": "trained"},
    "bias-flag-inverted": {"bias_trains": "not asked"},
    "bias-gained": {"bias_gained": "under train_bias"},
    "bias-gained: always trained": {"bias_gained": "without bias"},
    "bias-gained: beside": {"bias_gained": "beside"},
    "bias-gained: beside, always trained": {"bias_gained": "beside and trained"},
    "bias-gained: in place of the other": {"bias_gained": "beside", "bias_trains": "never"},
    "crashes-without-bias": {"crashes": "creation"},
    "crashes-without-bias: trained": {"crashes": "creation", "crashes_when": "trained"},
    "crashes-without-bias: frozen": {"crashes": "creation", "crashes_when": "frozen"},
    "crashes-without-bias: forward": {"crashes": "forward"},
    "crashes-without-bias: forward, trained": {"crashes": "forward", "crashes_when": "trained"},
    "crashes-without-bias: forward, frozen": {"crashes": "forward", "crashes_when": "frozen"},
    "bias-added-twice": {"bias": "twice"},
    "bias-added-twice: trained": {"bias": "twice", "bias_when": "trained"},
    "bias-added-twice: frozen": {"bias": "twice", "bias_when": "frozen"},
    "bias-added-twice: a copy": {"bias": "copied"},
    "bias-added-twice: a copy, trained": {"bias": "copied", "bias_when": "trained"},
    "bias-dropped": {"bias": "dropped"},
    "bias-dropped: not held": {"bias": "gone"},
    "bias-dropped: trained": {"bias": "dropped", "bias_when": "trained"},
    "bias-dropped: frozen": {"bias": "dropped", "bias_when": "frozen"},
    "bias-dropped: starts at zero": {"bias": "zeroed"},
    "bias-dropped: starts at zero, trained": {"bias": "zeroed", "bias_when": "trained"},
    "dropout-ignored": {"dropout": "nowhere"},
    "dropout-ignored: for single vectors": {"drops": "batches"},
    "dropout-ignored: after evaluation": {"drops": "until eval"},
    "dropout-ignored: with a trained bias": {"drops": "frozen bias"},
    "dropout-on-base-path": {"dropout": "both"},
    "dropout-on-base-path: alone": {"dropout": "base"},
    "dropout-on-base-path: apart": {"dropout": "apart"},
    "dropout-in-eval": {"drops": "always"},
    "dropout-in-eval: alone": {"drops": "evaluation"},
    "dropout-on-output": {"dropout": "path output"},
    "dropout-on-output: the sum": {"dropout": "output"},
    "dropout-on-output: the original's": {"dropout": "base output"},
    "dropout-not-per-input": {"dropout": "rank"},  # with rank 1, as in the telling cases, whole rows show the same
    "dropout-unscaled": {"kept": "unscaled"},
    "dropout-unscaled: scaled in evaluation": {"kept": "scaled in eval"},
    "dropout-keep-probability": {"rate": "1 - p or 0"},
    "dropout-keep-probability: all without dropout": {"rate": "1 - p"},
    "merged-at-init": {"merged": "weight"},  # a forward that leaves the factors out shows the same
    "merged-at-init: tensor": {"merged": "tensor"},
    "merged-at-init: with gradient": {"merged": "graph"},
}  # fmt: skip


def case_of(experiment: Experiment, **changes: Any) -> tuple[Experiment, Case]:
    """A telling case, with contents that are no round numbers."""
    return experiment, {**experiment.base, "seed": 12345, **changes}


# No two cases of `layer` and `pair` share a factor's shape, so that factors which layers share show in `pair` alone.
TELLING = (
    case_of(layer, rank=3),
    case_of(layer, in_features=3, out_features=5, alpha=0.5, train_bias=True, mode="train"),
    case_of(layer, rank=4, alpha=8, dtype="float64", train_bias=True, frozen=["weight", "bias"]),
    case_of(layer, in_features=5, out_features=4, bias=False),
    case_of(layer, in_features=5, out_features=3, rank=5, bias=False, train_bias=True, mode="train"),
    case_of(layer, out_features=6, rank=1, alpha=2.0, frozen=["weight", "bias"], mode="train"),
    case_of(layer, rank=6, alpha=3.0, frozen=["weight"], batch=[2, 3]),
    case_of(layer, in_features=5, out_features=6, rank=3, alpha=1.0, batch=[]),
    case_of(layer, in_features=6, out_features=7, batch=[0]),
    case_of(layer, in_features=4, out_features=4, rank=12, alpha=32, batch=[2, 2, 1, 3]),
    case_of(layer, in_features=8, out_features=7, call="defaults", mode="train"),
    case_of(layer, in_features=8, out_features=7, rank=3, alpha=2.0, train_bias=True, call="positional"),
    case_of(pair, in_features=2, out_features=2, rank=1, contents="normal"),
    case_of(moves),
    case_of(dropout_run, batch=[2048]),
    case_of(dropout_run, p=0.6, batch=[2048], dtype="float64"),
    case_of(dropout_run, p=0.5, batch=[128], single=True),
    case_of(dropout_run, p=0.5, batch=[1024], train_bias=True),
)


def ways(wrong: frozenset[str]) -> Ways:
    """What the wrong reference does with these variants."""
    changes: dict[str, Any] = {}
    for variant in sorted(wrong):
        for name, value in VARIANTS[variant].items():
            changes[name] = changes[name] | value if name == "detached" and name in changes else value
    return Ways(**changes)


def compare(experiment: Experiment, case: Case, seen: Seen) -> Shows:
    """Says of any variants whether the wrong reference shows all that was seen, and nothing else; each way runs once."""
    beside = Beside(experiment, case, seen)
    return lambda wrong: beside.shows(ways(wrong))


naming = Naming(
    {name: Mistake(name, title, hint) for name, (title, hint) in MISTAKES.items()},
    tuple(VARIANTS),
    TELLING,
    compare,
)
