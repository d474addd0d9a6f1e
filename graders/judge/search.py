"""Looks for counterexamples: cover cases, then cases drawn by Hypothesis, then the smallest failing case.

One observation serves every claim of an experiment, so Hypothesis only draws (it never sees a failure).
The smallest failing case is found afterwards, for each failed claim by itself, from the simplest failing case
known, be it cover or drawn: parameter by parameter towards its simpler values, within a budget of worker calls.
The verdict is memoised by case. A clock decides what is asked next only for code that takes minutes.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import tempfile
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from unittest import mock

import hypothesis
from hypothesis import HealthCheck, Phase, Verbosity
from hypothesis import strategies as st
from hypothesis.internal.conjecture import providers
from hypothesis.internal.constants_ast import Constants
from torch import Tensor

from graders.exercise import Case, Check, Experiment, Failure, NotApplicable, NotSeen, Seen, Violation
from graders.judge.facts import proportion, separation

SHRINK_CALLS = 100  # worker calls spent on making one failing case smaller
MOST_AFRESH = 10  # failing cases that are asked in a fresh process, to find one that fails there
MOST_DEATHS = 20  # workers that one experiment may cost before it is stopped
SHRINK_SECONDS = 120.0  # that its worker spent on an experiment, from which on failing cases stay as they are
MOST_SECONDS = 600.0  # that its worker spent on an experiment, from which on it is stopped
MOST_KEPT = 64 << 20  # bytes of what was seen in failing cases that are kept for pictures

os.environ.setdefault(
    "HYPOTHESIS_STORAGE_DIRECTORY",
    os.path.join(tempfile.gettempdir(), f"loralab-hypothesis-{os.getuid()}")
    if hasattr(os, "getuid")
    else os.path.join(tempfile.gettempdir(), "loralab-hypothesis"),
)


@dataclass(frozen=True)
class JudgeFault:
    """The judge's own code raised on a case: nobody's verdict until the reference has been asked."""

    trace: str


Verdict = Violation | NotApplicable | NotSeen | JudgeFault | None
Effort = Literal["full", "verdicts", "first"]  # "verdicts": no smallest case; "first": stops at a violation


@dataclass
class Finding:
    """What an experiment showed about one claim."""

    held: int = 0
    unseen: int = 0
    drawn_held: int = 0  # of these, the drawn cases
    drawn_unseen: int = 0
    held_with: set[str] = field(default_factory=set)  # values of the claim's `on_each` with which it held
    violated: int = 0
    case: Case | None = None  # the smallest failing case
    violation: Violation | None = None
    fault: str = ""  # the judge's own traceback
    fault_case: Case | None = None
    blamed: set[str] = field(default_factory=set)  # whose failures kept this claim from being seen
    wobbles: bool = False  # asked again, the smallest case gave another answer
    remembers: bool = False  # asked in a fresh process, no failing case failed: earlier calls matter
    experiment: Experiment | None = None
    seen: Seen | None = None  # what was seen of `pictured`
    pictured: Case | None = None  # the failing case of which a picture is made
    facts: list[str] = field(default_factory=list)  # what is true of all its cases


def seed_of(*parts: object) -> int:
    """An integer from names and numbers, the same everywhere."""
    return int.from_bytes(hashlib.sha256("/".join(map(str, parts)).encode()).digest()[:8], "big")


def cover_cases(experiment: Experiment, seed: int) -> list[Case]:
    """The base case and one case for each change in `cover`, with contents from the seed."""
    changes = [{}, *experiment.cover]
    return [
        {**experiment.base, **change, "seed": seed_of(seed, experiment.id, number) % 65536}
        for number, change in enumerate(changes)
    ]


@functools.lru_cache(maxsize=256)
def drawn_cases(experiment: Experiment, seed: int, most: int) -> tuple[Case, ...]:
    """Up to `most` cases drawn by Hypothesis: the same for a whole class, so they are drawn once in a process."""
    parameters: dict[str, st.SearchStrategy[object]] = {
        name: st.sampled_from(list(range(len(values)))) for name, values in experiment.space.items()
    }
    parameters["seed"] = st.integers(0, 65535)
    cases: list[Case] = []

    @hypothesis.seed(seed_of(seed, experiment.id, "drawn"))
    @hypothesis.settings(
        max_examples=most,
        database=None,
        deadline=None,
        derandomize=False,
        print_blob=False,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
        verbosity=Verbosity.quiet,
        phases=(Phase.generate,),
    )
    @hypothesis.given(st.fixed_dictionaries(parameters))
    def draw(places: dict[str, int]) -> None:
        case = {name: values[places[name]] for name, values in experiment.space.items()}
        cases.append({**experiment.base, **case, "seed": places["seed"]})

    with mock.patch.multiple(providers, _get_local_constants=Constants, CONSTANTS_CACHE={}):
        # Else Hypothesis would also draw numbers of the files of ours that happen to be imported.
        draw()
    return tuple(cases)


class Search:
    """One experiment on one submission. `ask` gets a case and shows what the worker saw."""

    def __init__(
        self,
        experiment: Experiment,
        checks: Sequence[tuple[str, Check]],
        ask: Callable[[Case], Seen],
        seed: int,
        effort: Effort = "full",
        ask_afresh: Callable[[Case], Seen] | None = None,
        on_each: Mapping[str, str] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.ask_afresh = ask_afresh
        self.clock = clock  # seconds that count against the code that is asked
        self.effort = effort
        self.experiment = experiment
        self.checks = list(checks)
        self.ask = ask
        self.seed = seed
        self.memo: dict[str, tuple[Case, dict[str, Verdict], str]] = {}
        self.failing: dict[str, Seen] = {}  # what was seen where something failed
        self.seconds = 0.0  # spent on asking
        self.kept = 0  # bytes of `failing`
        self.violated: set[str] = set()  # claims against which some case spoke
        self.on_each = dict(on_each or {})
        self.drawn: set[str] = set()  # keys of the cases that Hypothesis drew
        self.unasked = 0.0  # cases that were not asked because the search was stopped, for each that was
        self.deaths = 0
        self.stopped = False

    def run(self, examples: int) -> dict[str, Finding]:
        """Search with `examples` drawn cases; one finding for each claim."""
        cover, most = cover_cases(self.experiment, self.seed), round(examples * self.experiment.draws)
        for case in cover:
            if self.stopped or (self.effort != "full" and self._done()):
                break
            self._verdicts(case)
        if most and not self._done():
            for case in drawn_cases(self.experiment, self.seed, most):
                self._verdicts(case)
                self.drawn.add(_key(case))
                if self._done():
                    break
        if self.stopped:
            self.unasked = max(0, len(cover) + most - len(self.memo)) / len(self.memo)
        findings = {name: self._finding(name) for name, _ in self.checks}
        if (
            self.effort == "full"
        ):  # now that every case is known, also those that were tried to make others smaller
            for name, finding in findings.items():
                finding.facts = self._facts(name) if finding.violated else []
        return findings

    def _done(self) -> bool:
        """Whether nothing new can be learnt; every cover case is tried for the sake of the smallest one."""
        return self.stopped or (
            bool(self.violated) if self.effort == "first" else len(self.violated) == len(self.checks)
        )

    def _verdicts(self, case: Case) -> dict[str, Verdict]:
        key = _key(case)
        if key not in self.memo:
            began = self.clock()
            seen = self.ask(case)
            self.seconds += self.clock() - began
            self.stopped = self.stopped or self.seconds > MOST_SECONDS
            verdicts, blamed = judge_case(self.experiment, self.checks, case, seen)
            self.memo[key] = (case, verdicts, blamed)
            violated = {name for name, verdict in verdicts.items() if isinstance(verdict, Violation)}
            self.violated |= violated
            if violated and self.kept < MOST_KEPT:
                self.failing[key] = seen
                self.kept += _bytes_of(seen.values)
            self._count_death(seen.failure)
        return self.memo[key][1]

    def _count_death(self, failure: Failure | None) -> None:
        if failure is None or failure.kind == "raised":
            return
        self.deaths += 1
        if failure.kind == "timed_out" or self.deaths >= MOST_DEATHS:
            self.stopped = True

    def _finding(self, name: str) -> Finding:
        finding = Finding(experiment=self.experiment)
        failing: list[Case] = []
        for key, (case, verdicts, blamed) in list(self.memo.items()):
            verdict = verdicts[name]
            if verdict is None:
                finding.held += 1
                finding.drawn_held += key in self.drawn
                finding.held_with.add(str(case.get(self.on_each.get(name, ""))))
            elif isinstance(verdict, NotSeen):
                finding.unseen += 1
                finding.drawn_unseen += key in self.drawn
                if blamed:
                    finding.blamed.add(blamed)
            elif isinstance(verdict, JudgeFault):
                finding.fault, finding.fault_case = finding.fault or verdict.trace, finding.fault_case or case
            elif isinstance(verdict, Violation):
                finding.violated += 1
                failing.append(case)
        finding.unseen += round(self.unasked * (finding.held + finding.unseen + finding.violated))
        if failing:
            case = min(failing, key=self._size)
            if self.effort == "full":
                self._smallest(name, case, finding)
                self._ask_again(name, sorted(failing, key=self._size), finding)
                self._picture(failing[0], finding)
            else:
                verdict = self._verdicts(case)[name]
                finding.case, finding.violation = case, verdict if isinstance(verdict, Violation) else None
        return finding

    def _facts(self, name: str) -> list[str]:
        """What tells right cases from wrong ones, and what all wrong ones share."""
        verdicts = [
            (self.experiment.traits(case), verdicts[name]) for case, verdicts, _ in self.memo.values()
        ]
        held = [traits for traits, verdict in verdicts if verdict is None]
        wrong = [(traits, verdict) for traits, verdict in verdicts if isinstance(verdict, Violation)]
        apart = separation(held, [traits for traits, _ in wrong])
        return [fact for fact in (apart, proportion([violation for _, violation in wrong])) if fact]

    def _picture(self, first: Case, finding: Finding) -> None:
        """Keep what was seen of the failing case of which a picture is made."""
        finding.pictured = first if self.experiment.pictured == "first" else finding.case
        finding.seen = self.failing.get(_key(finding.pictured or {}))

    def _size(self, case: Case) -> tuple[int, str]:
        """How far a case is from the simplest one; the text decides between equals."""
        total = 0
        for name, values in self.experiment.space.items():
            options = list(values)
            total += options.index(case[name]) if case[name] in options else 2 * len(options)
        return total, _key(case)

    def _smallest(self, name: str, case: Case, finding: Finding) -> None:
        calls = SHRINK_CALLS

        def fails(candidate: Case) -> bool:
            nonlocal calls
            if _key(candidate) not in self.memo:
                if calls == 0 or self.stopped or self.seconds > SHRINK_SECONDS:
                    return False
                calls -= 1
            verdict = self._verdicts(candidate)[name]
            return isinstance(verdict, Violation) and verdict.kind != "timed_out"

        start = self._verdicts(case)[name]
        if isinstance(start, Violation) and start.kind != "timed_out":
            case = _descend(self.experiment, case, fails)
        verdict = self._verdicts(case)[name]
        assert isinstance(verdict, Violation)
        finding.case, finding.violation = case, verdict

    def _ask_again(self, name: str, failing: list[Case], finding: Finding) -> None:
        """Is it the case alone that fails? If not in a fresh process, the simplest case that does is shown."""
        again = self.experiment.repeats
        assert finding.case is not None
        assert finding.violation is not None
        if not again or finding.violation.kind not in ("violated", "raised"):
            return
        finding.wobbles = any(not self._fails(name, finding.case, self.ask) for _ in range(again - 1))
        if finding.wobbles or self.ask_afresh is None or self._fails(name, finding.case, self.ask_afresh):
            return
        for case in failing[:MOST_AFRESH]:
            if (violation := self._fails(name, case, self.ask_afresh)) is not None:
                finding.case, finding.violation = case, violation
                return
        finding.remembers = True

    def _fails(self, name: str, case: Case, ask: Callable[[Case], Seen]) -> Violation | None:
        verdict = judge_case(self.experiment, self.checks, case, ask(case))[0][name]
        return verdict if isinstance(verdict, Violation) else None


def _key(case: Case) -> str:
    return json.dumps(case, sort_keys=True)


def _bytes_of(value: Any) -> int:
    """About how much memory a value from the worker takes."""
    if isinstance(value, Tensor):
        return value.nbytes + 100
    if isinstance(value, (list, tuple)):
        return sum(map(_bytes_of, value)) + 100
    if isinstance(value, Mapping):
        return sum(map(_bytes_of, value.values())) + 100
    return len(value) if isinstance(value, str) else 100


def _descend(experiment: Experiment, case: Case, fails: Callable[[Case], bool]) -> Case:
    """Make the failing case simpler, one parameter after the other, until none can be made simpler."""
    changed = True
    while changed:
        changed = False
        for name, values in experiment.space.items():
            for value in values:
                if value == case[name]:
                    break
                if fails({**case, name: value}):
                    case, changed = {**case, name: value}, True
                    break
    return case


def judge_case(
    experiment: Experiment, checks: Sequence[tuple[str, Check]], case: Case, seen: Seen
) -> tuple[dict[str, Verdict], str]:
    """The verdict of each claim on one case, and the id of the property that a failure counts against."""
    verdicts: dict[str, Verdict] = {}
    blamed = ""
    if seen.failure is None and experiment.unsaid(case, seen):
        seen = Seen(seen.values, Failure("broken_protocol", "", "", ""))
    try:
        oracle = experiment.oracle(case, seen)
        if seen.failure is not None:
            blamed = experiment.blame(case, seen.failure)
    except NotSeen as why:
        verdicts = {name: why for name, _ in checks}
        blamed = experiment.blame(case, seen.failure) if seen.failure else ""
    except Exception:
        return {name: JudgeFault(traceback.format_exc()) for name, _ in checks}, ""
    else:
        for name, check in checks:
            try:
                verdict = check(case, seen, oracle)
            except NotSeen as why:
                verdicts[name] = why
            except Exception:
                verdicts[name] = JudgeFault(traceback.format_exc())
            else:
                verdicts[name] = verdict
    if seen.failure is not None and blamed in verdicts and not isinstance(verdicts[blamed], Violation):
        verdicts[blamed] = Violation(seen.failure.sentence, kind=seen.failure.kind, step=seen.failure.step)
    return verdicts, blamed
