"""Known mistakes of `compare_target_modules`: their names, and the facts by which they show."""

from __future__ import annotations

from collections.abc import Mapping

from graders.exercise import Case, Experiment
from graders.exercises.selective_injection.comparison_case import compare
from graders.exercises.selective_injection.comparison_seen import Facts

# Where no fact tells two ideas apart they share a name: other seeds and no seeds are `initial-weights-differ`, whether
# or not the data differ too; whatever is trained besides the adapters is `trains-base-too`; a number of epochs that
# is fixed, limited or found by early stopping is `epochs-ignored`.
MISTAKES = {
    "model-reused": ("A configuration goes on with what another has trained", "Which block does the second configuration start with, and which adapters are in it already?"),
    "initial-weights-differ": ("The configurations start from different weights", "What does torch draw first in each configuration, and where does its generator stand then?"),
    "data-differs": ("The configurations train on different data", "What does torch draw before the data, and is that the same for every configuration?"),
    "other-data": ("The data are not the lab's", "Where should the data come from? Look at the text once more."),
    "depends-on-order": ("Something carries over from one configuration to the next", "Which objects or random numbers does the second configuration share with the first?"),
    "epochs-ignored": ("n_epochs does not decide how long training lasts", "Call it with n_epochs=3 and n_epochs=20: how many losses come back?"),
    "epochs-off-by-one": ("There is one loss too many or too few", "Count the losses for n_epochs=1."),
    "losses-per-batch": ("There is a loss for each batch", "How many losses belong to an epoch of four batches?"),
    "losses-not-reset": ("The losses pile up", "Where do you create the list of losses and the running sum, and what is in them when the next round begins?"),
    "final-loss-not-last": ("final_loss is not the last of the losses", "Compare final_loss with the last entry of losses."),
    "entries-incomplete": ("An entry lacks one of its values", "Compare the keys of an entry with the text, letter by letter."),
    "wrong-keys": ("The keys are other texts", "Which text should be the key of [\"q_proj\", \"v_proj\"]? Compare character by character."),
    "order-changed": ("The entries stand in another order", "In which order are the configurations given, and in which do you return them?"),
    "configurations-missing": ("Some configurations are missing in the result", "How many entries does the result have for two configurations? Look at where it is created and returned."),
    "result-not-a-dict": ("The result is not a dict", "What exactly is returned? Print its type."),
    "counts-all-parameters": ("Frozen parameters are counted too", "Which parameters have requires_grad after the injection?"),
    "counts-one-factor": ("Only one of the two factors is counted", "How many factors does an adapter have?"),
    "counts-tensors": ("Tensors are counted in place of numbers", "How many numbers does a tensor of shape (8, 256) hold?"),
    "trains-nothing": ("The adapters stay as they were", "Print one factor before and after training. Which step changes it?"),
    "trains-one-factor": ("Only one of the two factors is trained", "Which parameters does the optimizer get?"),
    "trains-base-too": ("More than the adapters is trained", "Compare a frozen weight before and after training."),
    "targets-not-passed-on": ("Blocks have adapters in other layers than their targets ask for", "Print the names of the trainable parameters of each configuration."),
    "other-setting": ("Another block, rank or alpha than asked for is trained", "Which d_model, n_heads, rank and alpha does the text name?"),
    "training-diverges": ("The losses rise", "In which direction does a step go, and how far? Try a smaller learning rate."),
}  # fmt: skip

Prediction = Mapping[str, frozenset[str] | None]  # fact -> its possible values; None: any


def values(**facts: str | None) -> Prediction:
    """A prediction; values are separated by commas."""
    return {name: None if text is None else frozenset(text.split(", ")) for name, text in facts.items()}


RIGHT = values(
    end="returned", result="dict", keys="right", fields="complete", final="last", count="own", blocks="each, fewer",
    fresh="fresh", starts="equal", data="same", factors="all", base="kept", block="lab", layers="own", ranks="own",
    alphas="own", course="falls", twins="differ", number="right", samples="same, differ from each other", independent="yes", default="right",
)  # fmt: skip
REUSED = values(end="returned, raised", starts=None, count=None, base=None, layers=None, ranks=None, alphas=None, factors="all, some", course="falls, flat", independent=None)  # fmt: skip
VARIANTS: Mapping[str, Prediction] = {
    "model-reused": {**REUSED, **values(fresh="used")},
    "model-reused: one block": {**REUSED, **values(blocks="too few, mixed")},
    "initial-weights-differ": values(starts="differ from each other", data=None, independent=None),
    "data-differs": values(data="differ from each other", independent=None),
    "data-differs: slices": values(samples="differ from each other", independent="no"),
    "other-data": values(data="other", independent=None),
    "depends-on-order": values(samples="same", independent="no"),
    "epochs-ignored": values(number="ignored"),
    "epochs-off-by-one": values(number="one less, one more"),
    "losses-per-batch": values(number="multiple"),
    "losses-not-reset: list": values(
        number="of all", final=None, independent=None, twins=None, course="falls, rises"
    ),
    "losses-not-reset: sum": values(course="sums"),
    "final-loss-not-last": values(final="other"),
    "entries-incomplete": values(fields="incomplete, without losses"),
    "wrong-keys": values(keys="other texts"),
    "order-changed": values(keys="other order"),
    "configurations-missing": values(keys="fewer", blocks=None),
    "result-not-a-dict": values(result="other"),
    "counts-all-parameters": values(count="all"),
    "counts-one-factor": values(count="one factor"),
    "counts-tensors": values(count="tensors"),
    "trains-nothing": values(factors="none", course="falls, flat", twins=None),
    "trains-one-factor": values(factors="some"),
    "trains-base-too": values(base="changed", count=None),
    "trains-base-too: no adapters": values(blocks="none", count="all, targeted"),
    "targets-not-passed-on": values(layers="other", ranks=None, count=None, twins=None, independent=None),
    "other-setting: block": values(block="other", ranks=None, alphas=None, count=None),
    "other-setting: rank": values(ranks="other", alphas=None, count=None),
    "other-setting: alpha": values(alphas="other"),
    "other-defaults: n_epochs": values(default="other"),
    "training-diverges": values(course="rises, not finite"),
}

# What a mistake of the injection lets happen in the comparison, which does not pay for it: training may go worse, and
# where other layers are wrapped than asked for, two configurations may be the same.
ALWAYS = values(course="rises, not finite")
SAME_LAYERS = values(twins="twins", blocks="too few, mixed")
UNTRAINED = values(end="raised", factors=None, course="flat", twins="twins")
FREED: Mapping[str, Prediction] = {
    **dict.fromkeys(("targets-ignored", "targets-added-to-default", "layers-left-out", "one-pattern-only", "wraps-first-match-only"), SAME_LAYERS),
    "adapters-frozen": UNTRAINED,
    "adapters-without-effect": UNTRAINED,
    "returns-none": values(end="raised"),
    "returns-copy": values(end="raised", blocks=None, count=None, twins="twins"),
    "returns-something-else": values(end="raised"),
    "other-defaults": values(ranks=None, alphas=None, count=None),
}  # fmt: skip
TELLING: tuple[tuple[Experiment, Case], ...] = ((compare, dict(compare.base)),)  # of any seed: it trains


def predicted(wrong: frozenset[str]) -> Prediction:
    """The facts that a submission with these variants of mistakes, of the comparison and of the injection, may show."""
    facts = dict(RIGHT)
    for name in facts:
        said = [VARIANTS[variant][name] for variant in wrong if name in VARIANTS.get(variant, {})]
        if said:
            facts[name] = any_of(said)
    for variant in wrong - VARIANTS.keys():
        for name, more in {**ALWAYS, **FREED.get(variant.partition(": ")[0], {})}.items():
            facts[name] = any_of([facts[name], more])
    return facts


def any_of(said: list[frozenset[str] | None]) -> frozenset[str] | None:
    """The values that one or another allows."""
    return None if None in said else frozenset().union(*(some for some in said if some is not None))


SIGNS: Mapping[
    str, Mapping[str, frozenset[str]]
] = {  # the facts by which a variant shows: those it does not leave right
    variant: {
        name: said for name, said in change.items() if said is not None and not said & (RIGHT[name] or said)
    }
    for variant, change in VARIANTS.items()
}


def may_show(seen: Facts | None, wrong: frozenset[str]) -> bool:
    """Whether every fact that was seen may be so with these variants, and each of them shows."""
    if seen is None:
        return False
    signs = (sign for variant in wrong for sign in SIGNS.get(variant, {}).items())
    if not all(seen.get(name) in said for name, said in signs):
        return False
    prediction = predicted(wrong)
    pairs = ((prediction[name], value) for name, value in seen.items())
    return all(allowed is None or value in allowed for allowed, value in pairs)
