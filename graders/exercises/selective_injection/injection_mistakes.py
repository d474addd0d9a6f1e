"""Known mistakes of `add_lora_to_model_selective`: their names, the ways to make them, and the cases that tell them apart."""

from __future__ import annotations

from itertools import combinations
from typing import Any

from graders.exercise import Case, Experiment
from graders.exercises.selective_injection.injection_case import inject
from graders.exercises.selective_injection.models import ALL_SEVEN, DEFAULT_TARGETS

# Each may be made in several ways; each way is a variant, `id` or `id: how`. Where no observation tells two ideas
# apart they share a name: names that are compared whole, by their start or among the model's own attributes are
# all `exact-name-only`; freezing nothing but for a wrapper that freezes its own layer is `rest-not-frozen`.
MISTAKES = {
    "targets-ignored": ("target_modules has no influence", "Call your function with two lists of targets: does it wrap different layers?"),
    "targets-added-to-default": ("The given targets come on top of the default ones", "Which layers should target_modules=[\"up_proj\"] leave as they are?"),
    "exact-name-only": ("Only layers at the model's root are found", "What is the dotted name of a layer inside a submodule, and how do you compare it?"),
    "root-layers-missed": ("Layers at the model's root are not found", "What is the dotted name of a layer that is the model's own attribute?"),
    "deep-layers-missed": ("Layers inside some kinds of modules are not found", "Into which modules does your walk go, and how deep?"),
    "layers-left-out": ("Some targeted layers are left out", "Which targeted Linear layers get no factors? Compare their sizes and biases."),
    "one-pattern-only": ("Only one of the patterns counts", "What does your loop do with the second pattern, and what has the first one left behind?"),
    "all-patterns-required": ("A layer has to match every pattern", "Which layer could match q_proj and v_proj at the same time?"),
    "wraps-first-match-only": ("The search stops at a first match", "How many layers of a model with two blocks are called q_proj? When does your loop end?"),
    "default-targets-missing": ("None is not read as the four attention projections", "What does target_modules=None stand for, and which layers do you wrap then?"),
    "empty-list-as-default": ("An empty list of targets is not taken as no layer", "Is an empty list the same as None? Which of the two does your condition ask for?"),
    "wraps-non-linear": ("Modules that are no nn.Linear are wrapped", "Which kinds of modules can have a matching name? Which of them should be wrapped?"),
    "nested-parent-bug": ("A nested layer is not replaced where it is used", "Which module holds a nested layer, and under which name? Print both before you replace it."),
    "crashes-without-bias": ("A layer without a bias makes it fail", "What is layer.bias of nn.Linear(2, 2, bias=False)?"),
    "freezes-nothing": ("Nothing is frozen", "List the names of all parameters with requires_grad after the call. Which should there be?"),
    "rest-not-frozen": ("Part of the model stays trainable", "Which parameters does a model have besides those of its targeted layers? Which of them are frozen?"),
    "biases-left-trainable": ("Biases stay trainable", "Look at requires_grad of every bias after the call."),
    "adapters-frozen": ("The factors are frozen", "In which order do you freeze and add the factors? Look at requires_grad of each factor."),
    "pretrained-weight-lost": ("A wrapped layer loses its pretrained weight or bias", "Compare the model's output before and after the call."),
    "bias-added-twice": ("The bias is added twice", "Which parts of the output have the bias in them already?"),
    "b-not-zero": ("The factor B does not start at zero", "What must B A be at the start, so that the output stays as it was?"),
    "rank-ignored": ("The rank has no influence", "Print the factors' shapes for two ranks."),
    "rank-clipped": ("The rank is cut to the layer's size", "Which shapes have the factors of rank 8 for a layer of 4 inputs?"),
    "alpha-ignored": ("alpha has no influence", "Set the factors to ones: how does the output change when alpha doubles?"),
    "alpha-rounded": ("alpha / rank is rounded", "What is alpha / rank for alpha = 3 and rank = 2, and what in your code?"),
    "scaling-alpha-only": ("The update is multiplied by alpha alone", "By which number is the update multiplied when the rank doubles?"),
    "scaling-inverted": ("The update is multiplied by rank / alpha", "Should the update grow or shrink when alpha grows?"),
    "scaling-sqrt-rank": ("The update is multiplied by alpha / sqrt(rank)", "By which number is the update multiplied for rank 4 and alpha 8?"),
    "scaling-applied-twice": ("The update is scaled twice", "In how many places of your code does the scale stand?"),
    "rank-and-alpha-swapped": ("rank and alpha change places", "In which order does the class that you call take rank and alpha?"),
    "other-defaults": ("rank or alpha have another default", "Compare the defaults in your signature with those in the text."),
    "in-and-out-swapped": ("Inputs and outputs of the layer change places", "Which shape has the weight of nn.Linear(3, 5)?"),
    "factors-shared": ("Layers share a factor", "Set the factors of one layer: do those of another change?"),
    "factors-misnamed": ("The factors have other names than lora_A and lora_B", "Print the names of the trainable parameters and compare them with the text."),
    "adapters-without-effect": ("The factors have no effect on the output", "Set both factors of a layer to ones: does the model's output change?"),
    "untargeted-replaced": ("Modules that are not targeted are replaced", "Is an untargeted module the same object before and after (`is`)?"),
    "returns-none": ("Nothing is returned", "What does a function without a return statement give back?"),
    "returns-copy": ("A copy of the model is changed and returned", "Is the model that you return the one that came in (`is`)?"),
    "returns-something-else": ("Something else than the model is returned", "What exactly does your function return? Print its type."),
}  # fmt: skip

KINDS = ("norm", "conv", "embedding", "identity")
UNFROZEN = ("norms", "embeddings", "bare")  # parts of a model besides its Linear layers
VARIANTS = (
    "targets-ignored: attention", "targets-ignored: every linear", "targets-ignored: all seven", "targets-added-to-default",
    "exact-name-only", "exact-name-only: raises", "root-layers-missed",
    *(f"deep-layers-missed: {what}" for what in ("below depth 1", "below depth 2", "all but lists", "lists", "sequentials", "dicts", "numbers")),
    *(f"layers-left-out: {what}" for what in ("with bias", "without bias", "not square", "smaller than rank")),
    "one-pattern-only: first", "one-pattern-only: last", "all-patterns-required", "all-patterns-required: some",
    "wraps-first-match-only", "wraps-first-match-only: of each pattern", "wraps-first-match-only: of each parent", "wraps-first-match-only: last of each pattern",
    *(f"default-targets-missing: {what}" for what in ("raises", "nothing", "every linear", "all seven", "q and v", "q, k and v")),
    "empty-list-as-default", "empty-list-as-default: every linear",
    *(f"wraps-non-linear: {' '.join(KINDS[at] for at in kinds)}" for kinds in ((0,), (1,), (2,), (0, 1), (0, 2), (1, 2), (0, 1, 2), (0, 1, 2, 3))),
    *(f"nested-parent-bug: {what}" for what in (
        "root, whole name", "root, last name", "root, other name", "grandparent", "first component", "raises below the root", "raises below depth 2", "raises at numbers",
        "replaces a container")),
    "crashes-without-bias", "crashes-without-bias: any layer",
    "freezes-nothing",
    *(f"rest-not-frozen: {' '.join(kinds)}" for size in (1, 2, 3) for kinds in combinations(UNFROZEN, size)),
    *(f"rest-not-frozen: {what}" for what in (
        "all but linears", "all but wrapped", "all but wrapped weights", "other linears", "last linear", "root", "wrapped weights", "wrapped",
        "named norms", "named embeddings", "vectors")),
    *(f"biases-left-trainable: {what}" for what in ("all", "of linears", "of wrapped", "of others", "of other linears")),
    "adapters-frozen", "adapters-frozen: A", "adapters-frozen: B", "adapters-frozen: all but the last pattern's",
    "pretrained-weight-lost", "pretrained-weight-lost: bias", "pretrained-weight-lost: other bias", "bias-added-twice", "b-not-zero",
    *(f"rank-ignored: {rank}{scaled}" for rank in (1, 4, 8) for scaled in ("", " in the scale too")),
    "rank-clipped", "rank-clipped: in the scale too",
    "alpha-ignored: 1 / rank", "alpha-ignored: 1", "alpha-ignored: 2", "alpha-ignored: 16 / rank", "alpha-ignored: 32 / rank",
    "alpha-rounded: quotient", "alpha-rounded: alpha",
    "scaling-alpha-only", "scaling-inverted", "scaling-sqrt-rank", "scaling-applied-twice", "rank-and-alpha-swapped",
    *(f"other-defaults: rank {rank}" for rank in (1, 4, 16)), *(f"other-defaults: alpha {alpha}" for alpha in (1, 8, 32)),
    "in-and-out-swapped", "factors-shared: A", "factors-shared: B", "factors-shared: both", "factors-misnamed", "adapters-without-effect",
    "untargeted-replaced: containers", "untargeted-replaced: layers", "untargeted-replaced: linears",
    "returns-none", "returns-copy", "returns-something-else",
)  # fmt: skip


def case_of(model: str, targets: list[str] | None, **changes: Any) -> tuple[Experiment, Case]:
    """A telling case: one injection."""
    return inject, {**inject.base, "model": model, "targets": targets, "rank": 3, "seed": 12345, **changes}


TELLING = (
    case_of("flat", ["q_proj", "v_proj"]),
    case_of("flat", ["v_proj", "up_proj"], alpha=2, bias="some"),
    case_of("nested", ["q_proj", "v_proj"], alpha=2, bias="some"),
    case_of("nested", DEFAULT_TARGETS, alpha=3.0),
    case_of("nested", ["up_proj", "down_proj"], rank=4, alpha=0.5),
    case_of("layers", ["up_proj", "v_proj"], rank=1, alpha=3.0),
    case_of("layers", ALL_SEVEN, rank=8, call="positional", bias="some"),
    case_of("deep", ["q_proj", "up_proj"], rank=2, call="positional", bias="none"),
    case_of("deep", ["v_proj"], rank=2),
    case_of("others", ["q_proj"]),
    case_of("others", ["v_proj"], bias="none"),
    case_of("others", ["up_proj"], rank=1),
    case_of("others", ["k_proj", "q_proj"], alpha=2),
    case_of("flat", None, alpha=2),
    case_of("nested", None, rank=4, call="positional", bias="some"),
    case_of("flat", None, call="defaults"),
    case_of("layers", None, call="defaults"),
    case_of("nested", ["v_proj"], call="defaults"),
    case_of("flat", []),
    case_of("nested", [], call="positional"),
    case_of("block", ["q_proj", "v_proj"]),
    case_of("block", ALL_SEVEN, rank=4),
    case_of("block", None, call="defaults"),
)
