"""Python that shows again what `compare_target_modules` returned, or what the blocks went through meanwhile."""

from __future__ import annotations

from graders.exercise import Case, Violation
from graders.exercises.selective_injection.comparison_case import CONFIGS, DEFAULT_EPOCHS
from graders.exercises.selective_injection.models import ALL_SEVEN
from graders.replay import Line, ending, script

KEYS = "{'target_modules', 'trainable_params', 'losses', 'final_loss'}"
OWN = "own = lambda t: add_lora_to_model_selective(SimpleTransformerBlock(), rank=8, alpha=16, target_modules=t)"
FACTOR = '"lora_" in n'


def comparison_script(case: Case, property_id: str, violation: Violation, notebook: bool) -> str:
    """The script of one failed claim about the comparison."""
    crashed = violation.kind != "violated"
    lines = calls(case, len(case["calls"])) if crashed else LINES[property_id](case, violation)
    body = "\n".join(line for line in lines if isinstance(line, str))
    names = [name for name in ("add_lora_to_model_selective", "compare_target_modules") if name in body]
    lab = [name for name in ("SimpleTransformerBlock",) if name in body]
    return script("selective_injection", names, lines, notebook, lab)


def calls(case: Case, count: int, inside: tuple[str, ...] = (), before: str = "") -> list[Line]:
    """The first `count` calls, each followed by the lines `inside`; `before` precedes each."""
    asked = [
        ([CONFIGS[name] for name in names], epochs)
        for names, epochs in zip(case["calls"][:count], case["epochs"][:count], strict=True)
    ]
    seed = f"torch.manual_seed({case['seed']})"
    if count == 1:
        configs, n_epochs = asked[0]
        first: list[Line] = [f"configs = {configs!r}", seed]
        return [*first, f"result = compare_target_modules(configs, n_epochs={n_epochs})", *inside]
    text = ", ".join(f"({configs!r}, {n_epochs})" for configs, n_epochs in asked)
    return [
        f"for configs, n_epochs in {text}:", *([f"    {before}"] if before else []), f"    {seed}",
        "    result = compare_target_modules(configs, n_epochs=n_epochs)", *(f"    {line}" for line in inside),
    ]  # fmt: skip


def until(case: Case, violation: Violation) -> list[Line]:
    """The calls up to the one that the violation is about."""
    return calls(case, violation.call or len(case["calls"]))


def watched(case: Case, violation: Violation, note: str) -> list[Line]:
    """The same, while every block with factors that trains is noted, with what `note` keeps of it."""
    count = violation.call or len(case["calls"])
    trains = 'torch.is_grad_enabled() and "lora_" in str(block.state_dict().keys())'
    return [
        "blocks, forward = {}, SimpleTransformerBlock.forward",
        f"SimpleTransformerBlock.forward = lambda block, x: ({trains} and {note}, forward(block, x))[1]",
        *calls(case, count, before="blocks.clear()"),
    ]


def entries(case: Case, violation: Violation) -> list[Line]:
    """The keys, or what each entry holds."""
    message, lines = violation.message, until(case, violation)
    if message.startswith("The keys"):
        return [
            *lines,
            *ending(
                "list(result) if isinstance(result, dict) else type(result).__name__",
                repr(violation.expected),
            ),
        ]
    looks = {
        "is a ": ("type(entry).__name__", "'dict'"), "has no": (f"sorted({KEYS} - set(entry))", "[]"),
        "`target_modules`": ("entry['target_modules']", "key.split('+')"),
        "`losses`": ("isinstance(entry['losses'], list) and all(type(loss) is float for loss in entry['losses'])", "True"),
        "`final_loss`": ("entry['final_loss']", "entry['losses'][-1]"),
    }  # fmt: skip
    seen, want = next((look for start, look in looks.items() if start in message), looks["is a "])
    return [*lines, *ending(*(f"{{key: {part} for key, entry in result.items()}}" for part in (seen, want)))]


def epochs(case: Case, violation: Violation) -> list[Line]:
    """How many losses there are, or the default of `n_epochs`."""
    if violation.message.startswith("n_epochs"):
        default = 'inspect.signature(compare_target_modules).parameters["n_epochs"].default'
        return [*ending(default, str(DEFAULT_EPOCHS))]
    count = violation.call or 1
    if violation.message.startswith("A block ran"):
        lines = watched(case, violation, "blocks.update({block: blocks.get(block, 0) + 1})")
        words = f'"at least {case["epochs"][count - 1]} runs of each block:"'
        enough = f"all(runs >= {case['epochs'][count - 1]} for runs in blocks.values())"
        return [*lines, *ending(f"{words}, {enough}", f"{words}, True")]
    counts = "{key: len(entry['losses']) for key, entry in result.items()}"
    return [*until(case, violation), *ending(counts, f"dict.fromkeys(result, {case['epochs'][count - 1]})")]


def counts(case: Case, violation: Violation) -> list[Line]:
    """The counts, beside what the injection makes trainable."""
    count = "sum(p.numel() for p in own(targets).parameters() if p.requires_grad)"
    return [
        *until(case, violation), OWN,
        *ending("[entry['trainable_params'] for entry in result.values()]", f"[{count} for targets in configs]"),
    ]  # fmt: skip


def same_setting(case: Case, violation: Violation) -> list[Line]:
    """The blocks' sizes, the factors' sizes, or what the adapters add, beside one's own injection's."""
    lines = watched(case, violation, "blocks.setdefault(block)")
    if violation.expected == [256, 8]:
        return [
            *lines,
            *ending("[(block.d_model, block.n_heads) for block in blocks]", "[(256, 8)] * len(blocks)"),
        ]
    if not isinstance(violation.expected, dict):
        sizes = f"sorted(p.numel() for n, p in block.named_parameters() if {FACTOR})"
        return [
            *lines,
            OWN,
            *ending(f"[{sizes} for block in blocks]", f"[{sizes} for block in map(own, configs)]"),
        ]
    name = next(
        (name for name in ALL_SEVEN if violation.expected.get(name) != violation.observed.get(name)),
        "q_proj",
    )
    size = 512 if name == "down_proj" else 256
    ones = f"[p.detach().fill_(c) for n, p in block.named_parameters() if {FACTOR}]"
    return [
        *lines, OWN, "# with all factors 1 / 8, (alpha / rank) B A has entries alpha / 64",
        f"filled = lambda block, c: {ones} and block.{name}(torch.eye({size})[None]).mean().item()",
        'alpha = lambda block: float(f"{64 * (-filled(block, 0.0) + filled(block, 0.125)):.4g}")',
        *ending("[alpha(block) for block in blocks]", "[alpha(block) for block in map(own, configs)]"),
    ]  # fmt: skip


def same_start(case: Case, violation: Violation) -> list[Line]:
    """A sum over the weights with which each block starts."""
    total = f"sum(float(p.double().square().sum()) for n, p in block.named_parameters() if not {FACTOR})"
    lines = watched(case, violation, f"blocks.setdefault(block, round({total}, 3))")
    return [*lines, *ending("[*blocks.values()]", "[*blocks.values()][:1] * len(configs)")]


def same_data(case: Case, violation: Violation) -> list[Line]:
    """Whether the lab's data are used, or how many different sets of samples the blocks see."""
    if violation.expected == "its data":
        lines: list[Line] = [
            "made, space = [], compare_target_modules.__globals__",
            'make = space.get("generate_synthetic_data")',
            'space["generate_synthetic_data"] = lambda *args, **named: made.append(1) or make(*args, **named)',
        ]
        words = '"generate_synthetic_data is called:"'
        return [*lines, *until(case, violation), *ending(f"{words}, bool(made)", f"{words}, True")]
    lines = watched(case, violation, "blocks.setdefault(block, set()).update(x[:, 0, 0].tolist())")
    words = '"different sets of samples:"'
    return [*lines, *ending(f"{words}, len(set(map(frozenset, blocks.values())))", f"{words}, 1")]


def independent(case: Case, violation: Violation) -> list[Line]:
    """The losses of the configuration that both of the first calls have."""
    first, second = case["calls"][:2]
    key = next("+".join(CONFIGS[name]) for name in first if name in second)
    round_them = "[float(f'{loss:.5g}') for loss in losses]"
    return [
        "found = []", *calls(case, 2, (f'found.append(result["{key}"]["losses"])',)), f"first, second = ({round_them} for losses in found)",
        *ending("second", "first"),
    ]  # fmt: skip


def trains(case: Case, violation: Violation) -> list[Line]:
    """What the losses do, or which factors change."""
    if violation.expected == "trained":
        start = f"{{n: p.detach().clone() for n, p in block.named_parameters() if {FACTOR}}}"
        lines = watched(case, violation, f"blocks.setdefault(block, {start})")
        changed = "n in start and not torch.equal(p, start[n])"
        letters = f'sorted({{n.split("lora_")[1][0] for n, p in block.named_parameters() if {changed}}})'
        words = '"factors that change:"'
        return [
            *lines,
            *ending(
                f"{words}, [{letters} for block, start in blocks.items()]",
                f"{words}, [['A', 'B']] * len(blocks)",
            ),
        ]
    if violation.expected == "every layer trained":
        start = f"{{n: p.detach().clone() for n, p in block.named_parameters() if {FACTOR}}}"
        lines = watched(case, violation, f"blocks.setdefault(block, {start})")
        changed = "n in start and not torch.equal(p, start[n])"
        layers = f'sorted({{n.split(".")[0] for n, p in block.named_parameters() if {changed}}})'
        every = 'sorted({n.split(".")[0] for n in start})'
        return [
            *lines,
            *ending(
                f"[{layers} for block, start in blocks.items()]", f"[{every} for start in blocks.values()]"
            ),
        ]
    facts = {
        "finite losses": "all(abs(loss) < float('inf') for loss in losses)", "losses that change": "len(set(losses)) > 1",
        "losses that do not rise": "sum(losses[-len(losses) // 3 :]) <= 1.05 * sum(losses[: len(losses) // 3])",
    }  # fmt: skip
    lines = [*until(case, violation), "print({key: entry['losses'] for key, entry in result.items()})"]
    fact = facts[str(violation.expected)].replace("losses", "entry['losses']")
    words = f'"{violation.expected}:"'
    return [*lines, *ending(f"{words}, all({fact} for entry in result.values())", f"{words}, True")]


def trains_only_adapters(case: Case, violation: Violation) -> list[Line]:
    """How far any weight of each block, besides the factors, goes from where it started."""
    start = f"{{n: p.detach().clone() for n, p in block.named_parameters() if not {FACTOR}}}"
    lines = watched(case, violation, f"blocks.setdefault(block, {start})")
    change = "max(float((p - start[n]).abs().max()) for n, p in block.named_parameters() if n in start)"
    words = '"largest change of a pretrained weight:"'
    return [
        *lines,
        *ending(f"{words}, [{change} for block, start in blocks.items()]", f"{words}, [0.0] * len(blocks)"),
    ]


LINES = {look.__name__: look for look in (
    entries, epochs, counts, same_setting, same_start, same_data, independent, trains, trains_only_adapters,
)}  # fmt: skip
