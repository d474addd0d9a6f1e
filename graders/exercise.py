"""The nouns of an exercise: what is asked, how cases are drawn, what is claimed.

An `Exercise` has `Experiment`s. An experiment draws cases (JSON-able dicts), and one request to the
worker shows for one case everything that the experiment's claims look at. A `Property` is a claim with
points; it is checked in one experiment or more. Three answers of a check are not verdicts on the claim:
`NOT_APPLICABLE` (the case says nothing about it) and the exception `NotSeen` (the code failed before
there was anything to see; the failure is blamed on one property, so that it costs once).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

Case = dict[str, Any]  # parameter -> value, JSON-able; contents of tensors are a kind and a seed
FailureKind = Literal["raised", "timed_out", "crashed", "out_of_memory", "broken_protocol"]


class NotSeen(Exception):
    """What a check wants to look at was never reached."""


class NotApplicable:
    """The type of `NOT_APPLICABLE`."""


NOT_APPLICABLE: Final = NotApplicable()


@dataclass(frozen=True)
class Failure:
    """How the student's code ended before the probe had seen everything."""

    kind: FailureKind
    step: str  # what the probe was doing: "creation", "forward", ...; empty when unknown
    type: str  # exception type, empty unless raised
    message: str
    frames: tuple[tuple[int, str], ...] = ()  # line and text, in the student's own code

    @property
    def sentence(self) -> str:
        """What happened, for the student: a sentence, and in lines below it what is known besides."""
        during = f" during {self.step}" if self.step else ""
        if self.kind == "raised":
            number, line = self.frames[-1] if self.frames else (0, "")
            where = f", in line {number}" if self.frames else ""
            more = [self.message] * bool(self.message) + [f"Line {number}: `{line.strip()}`"] * bool(
                self.frames
            )
            return "\n".join([f"Your code raised {self.type}{during}{where}.", *more])
        if self.kind == "timed_out":
            return f"Your code did not finish within the time limit{during}.\n{self.message}".rstrip()
        if self.kind == "out_of_memory":
            return f"Your code needed more memory than there is{during}."
        if self.kind == "crashed":
            return f"Your code ended the process it ran in{during}: it {self.message}."
        return f"Your code disturbed the answer to the judge{during}."


@dataclass(frozen=True)
class Seen:
    """What the worker saw in one case: values by name, and how it ended if not at the end."""

    values: Mapping[str, Any]
    failure: Failure | None = None

    def __getitem__(self, name: str) -> Any:
        """The value seen under `name`. Raises NotSeen if the code failed before."""
        if name not in self.values:
            raise NotSeen(name)
        return self.values[name]

    def __contains__(self, name: object) -> bool:
        return name in self.values


@dataclass(frozen=True)
class Violation:
    """Evidence against a claim: one sentence, and the values behind it (numbers, tensors, text)."""

    message: str
    expected: Any = None
    observed: Any = None
    kind: Literal["violated"] | FailureKind = "violated"
    step: str = ""  # for a failure: what the probe was doing, empty when unknown
    call: int = 0  # where a case is several calls: the number of the one it is about


Check = Callable[[Case, Seen, Any], "Violation | NotApplicable | None"]


@dataclass(frozen=True)
class Property:
    """One claim: its id, the line that the student reads, its points, the sentence of the contract behind it."""

    id: str
    title: str
    points: float
    sentence: str
    function: str  # the student's function that it is about
    waits_on: tuple[str, ...] = ()
    on_each: str = ""  # a parameter with every value of which it has to have been seen to hold


class Experiment:
    """How cases are drawn, asked and explained. Each exercise file subclasses it.

    `space` gives each parameter's values, simplest first; every parameter is varied. `base` is the plainest
    case, `cover` lists changes to it: cases that always run, with contents from the grading seed. The
    parameter `seed` (16 bits) is added to every case and expanded to contents by the judge.
    """

    id: str
    probe: str
    space: Mapping[str, Sequence[Any]]
    base: Mapping[str, Any] = {}
    cover: Sequence[Mapping[str, Any]] = ()
    draws: float = 1.0  # drawn cases, as a share of the setting `examples`
    cpu_seconds: float = 5.0  # limit of one request, in the worker's CPU seconds
    devices: tuple[str, ...] = ("cpu",)
    pictured: Literal["smallest", "first"] = "smallest"  # the failing case of which a picture is made
    first: bool = False  # before the others: what they leave behind must not help
    least_drawn: float = 0.0  # share of drawn cases in which a claim must have been seen to hold, where a table could answer the others
    notes: frozenset[str] = frozenset()  # what the probe always notes, if it comes to its end
    repeats: int = 2  # times that a smallest failing case is asked again, to see whether the code wobbles

    def arguments(self, case: Case) -> dict[str, Any]:
        """What the probe gets: numbers, text, tensors, lists and dicts of them."""
        raise NotImplementedError

    def oracle(self, case: Case, seen: Seen) -> Any:
        """What the checks compare with; handed to each of them."""
        return None

    def unsaid(self, case: Case, seen: Seen) -> bool:
        """Whether something is missing that the probe notes where it comes to its end: then it was not the probe that answered."""
        return not self.notes <= seen.values.keys()

    def ends_with(self, case: Case) -> bool:
        """Whether the process ends with this case, so that what the case leaves behind costs nothing elsewhere."""
        return False

    def limit(self, case: Case) -> float:
        """CPU seconds that this case may take."""
        return self.cpu_seconds

    def blame(self, case: Case, failure: Failure) -> str:
        """The id of the one property that an exception, hang or crash in this case counts against."""
        raise NotImplementedError

    def describe(self, case: Case) -> dict[str, Any]:
        """The case's arguments as the student would name them."""
        return {name: value for name, value in case.items() if name != "seed"}

    def traits(self, case: Case) -> Mapping[str, Any]:
        """What may tell right cases from wrong ones, under the names that a student knows."""
        return {name: value for name, value in case.items() if name != "seed"}


@dataclass(frozen=True)
class Mistake:
    """An idea that goes wrong: its id, what happened in a few words, and a hint that is no solution."""

    id: str
    title: str
    hint: str


Shows = Callable[
    [frozenset[str]], bool
]  # whether a submission with these variants of mistakes shows what was seen


@dataclass(frozen=True)
class Naming:
    """What is known to go wrong in an exercise, executable.

    A mistake can be made in several ways: the variants `id` and `id: how`. `compare` gets what was seen in a telling
    case, and says of any variants whether they would show just that. A telling case without a seed is one that the
    claims were checked in anyway; what was seen then serves.
    """

    mistakes: Mapping[str, Mistake]
    variants: Sequence[str]
    telling: Sequence[tuple[Experiment, Case]]
    compare: Callable[[Experiment, Case, Seen], Shows]


def by_simulation(
    simulate: Callable[[frozenset[str], Experiment, Case], Any],
    agrees: Callable[[Seen, Any, frozenset[str]], bool],
) -> Callable[[Experiment, Case, Seen], Shows]:
    """A way to compare: what is simulated for each hypothesis has to agree with what was seen."""
    return lambda experiment, case, seen: lambda wrong: agrees(seen, simulate(wrong, experiment, case), wrong)


# Experiment, failing case, what was seen, property id -> data of a picture that says more than the numbers, by its
# kind (`report.schema.json`); None, or NotSeen, where there is nothing to draw.
Picture = Callable[[Experiment, Case, Seen, str], "dict[str, Any] | None"]

# Experiment, failing case, property id, violation, whether the code stands in a notebook -> Python that shows the case
# again beside the exercise file, or below the notebook's cells (`graders.replay`).
Replay = Callable[[Experiment, Case, str, Violation, bool], str]


@dataclass
class Exercise:
    """One exercise: what it defines, its experiments and its claims, in the order in which they are reported."""

    id: str
    title: str
    defines: tuple[str, ...]
    properties: list[Property] = field(default_factory=list)
    checks: dict[str, list[tuple[Experiment, Check]]] = field(default_factory=dict)
    order: int = 0  # place in the assignment
    naming: Naming | None = None
    hints: Mapping[str, tuple[str, str, str]] = field(default_factory=dict)  # property id -> three steps
    picture: Picture | None = None
    replay: Replay | None = None

    @property
    def points(self) -> float:
        """Points of all properties."""
        return sum(claim.points for claim in self.properties)

    @property
    def experiments(self) -> list[Experiment]:
        """The experiments in the order in which the claims first use them; before them those that want to be first."""
        found: list[Experiment] = []
        for pairs in self.checks.values():
            found += [experiment for experiment, _ in pairs if experiment not in found]
        return sorted(found, key=lambda experiment: not experiment.first)

    def claim(
        self,
        *experiments: Experiment,
        points: float,
        sentence: str,
        function: str = "",
        waits_on: Sequence[str] = (),
        on_each: str = "",
    ) -> Callable[[Check], Check]:
        """Decorator: make the check a property. Its name is the id, its docstring's first line the title."""

        def register(check: Check) -> Check:
            name = check.__name__
            title = (check.__doc__ or "").strip().splitlines()[0]
            self.properties.append(
                Property(name, title, points, sentence, function or self.defines[0], tuple(waits_on), on_each)
            )
            self.checks[name] = [(experiment, check) for experiment in experiments]
            return check

        return register

    def also(self, experiment: Experiment, property_id: str) -> Callable[[Check], Check]:
        """Decorator: check a property that exists in a further experiment."""

        def register(check: Check) -> Check:
            self.checks[property_id].append((experiment, check))
            return check

        return register

    def checks_in(self, experiment: Experiment) -> list[tuple[str, Check]]:
        """Property id and check of every claim that looks at this experiment."""
        return [
            (name, check)
            for name, pairs in self.checks.items()
            for where, check in pairs
            if where is experiment
        ]
