"""A report for the terminal, and as Markdown: the same facts in the same order as the page."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from graders.feedback import student, words
from graders.feedback.compare import Comparison, Row
from graders.feedback.pictures import Bars, Picture, Tree
from graders.feedback.student import Claim, Section
from graders.report import Report

_WIDTH = 100


def student_text(report: Report) -> str:
    """Plain text, a line for each exercise and below it what does not hold."""
    page = student.page(report)
    head = f"{page.assignment}   {page.student}   {page.score} of {page.max_score} points"
    lines = [head, "=" * min(len(head), _WIDTH), *_wrapped(page.summary, ""), ""]
    if page.needs_person:
        lines += [*_wrapped(words.GRADER_AT_FAULT, "! "), ""]
    for section in page.sections:
        lines += [*_section(section), ""]
    return "\n".join(lines).rstrip("\n") + "\n"


def student_short(report: Report) -> str:
    """A line for each exercise, and one for each claim that does not hold."""
    lines = []
    for section in student.page(report).sections:
        lines.append(next(_section(section)))
        lines += _wrapped(section.message, "    ")
        lines += [line for mistake in section.mistakes for line in _wrapped(f"{mistake.title}.", "  > ")]
        for claim in section.failed + section.stopped + section.errors:
            lines += _wrapped(f"{claim.heading}", f"  {claim.label.sign} ")
        if section.graded and section.not_run:
            lines.append(f"  – {words.plural(len(section.not_run), 'claim')} not run")
    return "\n".join(lines) + "\n"


def exercise_texts(report: Report) -> dict[str, str]:
    """The same text, for each exercise by itself."""
    return {section.id: "\n".join(_section(section)) for section in student.page(report).sections}


def student_markdown(report: Report) -> str:
    """Markdown. Whatever a submission had a hand in stands in code blocks, where nothing is markup."""
    page = student.page(report)
    lines = [f"# {_escaped(page.assignment)}: report for {_escaped(page.student)}", ""]
    lines += [f"**{page.score} of {page.max_score} points.** {page.summary}", ""]
    lines += ["| exercise | points | status |", "|---|---:|---|"]
    for section in page.sections:
        points = f"{section.score} of {section.max_score}"
        lines.append(f"| {_escaped(section.title)} | {points} | {_state(section)} |")
    for section in page.sections:
        lines += ["", f"## {_escaped(section.title)}", "", *_fenced("\n".join(_section(section)))]
    return "\n".join(lines) + "\n"


def _state(section: Section) -> str:
    if not section.graded:
        return section.label.word
    return f"{len(section.passed)} of {words.plural(section.count, 'claim')} hold"


def _section(section: Section) -> Iterator[str]:
    sign = "✓" if section.complete else section.label.sign if not section.graded else "·"
    yield f"{sign} {section.id}   {section.score} of {section.max_score}   {_state(section)}"
    yield from _wrapped(section.message, "    ")
    yield from _wrapped(section.advice, "    ")
    if section.mistakes:
        ideas = " And: ".join(f"{mistake.title}." for mistake in section.mistakes)
        yield from _wrapped(f"{ideas} {section.mistakes[0].why}".rstrip(), "  > ")
    for claim in section.failed + section.stopped + section.errors:
        yield ""
        yield from _claim(claim)
    if section.graded and section.not_run:
        yield ""
        for group in section.waiting:
            waits = "; ".join(title for _, title in group[0].waits_on)
            yield from _wrapped(f"not run, since it waits on: {waits}" if waits else "not run", "  – ")
            for claim in group:
                yield from _wrapped(claim.title, "      ")
    for note in section.notes:
        yield from _wrapped(note, "  note: ")
    if section.refused:
        told = f"your code tried what no exercise needs ({section.refused}); that alone costs no points"
        yield from _wrapped(told, "  note: ")
    yield from _hints(section)


def _claim(claim: Claim) -> Iterator[str]:
    points = f"({claim.points} of {claim.max_points} {'point' if claim.max_points == '1' else 'points'})"
    yield from _wrapped(f"{claim.heading} {points}", f"  {claim.label.sign} ")
    yield from _wrapped(claim.message, "    ")
    if claim.heading != claim.title:
        yield from _wrapped(f"{claim.title}: {claim.label.word}", "    ")
    yield from _wrapped(claim.sentence, "    the exercise says: ")
    if claim.arguments:
        case = ", ".join(f"{name} = {value}" for name, value in claim.arguments)
        yield from _wrapped(case, "    smallest case: ")
    if claim.comparison:
        yield from _comparison(claim.comparison)
    if claim.yours:
        yield from _wrapped(claim.yours, "    yours: ")
    if claim.picture:
        yield from _picture(claim.picture)
    for fact in claim.facts:
        yield from _wrapped(fact, "    - ")
    if claim.reproduce:
        yield "    see it yourself:"
        yield from (f"      | {line}".rstrip() for line in claim.reproduce.rstrip("\n").split("\n"))
    if claim.again:
        yield f"    ask the judge again: {claim.again}"
        yield "    (the same check with --format json > report.json writes that file)"


def _hints(section: Section) -> Iterator[str]:
    """Hints come last, the mildest of each claim first: one reads as many as one wants."""
    hinted = [claim for claim in section.failed + section.stopped if claim.hints]
    asked = [mistake for mistake in section.mistakes if mistake.hint]
    if not hinted and not asked:
        return
    yield ""
    yield "    hints, from a nudge to a strategy:"
    for mistake in asked:
        yield from _wrapped(f"{mistake.title}: {mistake.hint}", "      ")
    for claim in hinted:
        yield from _wrapped(claim.title, "      ")
        for step, hint in enumerate(claim.hints, start=1):
            yield from _wrapped(hint, f"        {step}. ")


def _picture(picture: Picture) -> Iterator[str]:
    """The data of a picture, as a small table."""
    about = "" if isinstance(picture, Bars) else f" {picture.summary}"  # of bars it is about their lengths
    yield from _wrapped(f"{picture.title}.{about}", "    ")
    if isinstance(picture, Tree):
        for name, word in picture.rows:
            yield from _wrapped(f"{name}: {word}", "      ")
        return
    table = [picture.head, *picture.rows]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    if sum(widths) + 2 * len(widths) + 6 > _WIDTH:
        for row in picture.rows:
            cells = (f"{name} {cell}" for name, cell in zip(picture.head, row, strict=True) if cell)
            yield from _wrapped(", ".join(cells), "      ")
        return
    for row in table:
        cells = (cell.rjust(width) for cell, width in zip(row, widths, strict=True))
        yield f"      {'  '.join(cells)}".rstrip()


def _comparison(table: Comparison) -> Iterator[str]:
    def cells(row: Row) -> list[str]:
        extra = [row.difference] if table.has_difference else []
        return [row.label, row.yours, row.expected, *extra, *([row.ratio] if table.has_ratio else [])]

    extra = ["difference"] if table.has_difference else []
    head = [table.heading, "yours", "expected", *extra, *(["yours / expected"] if table.has_ratio else [])]
    rows = [head, *map(cells, table.rows)]
    if any(len(cell) > 40 for row in rows for cell in row):
        for row in table.rows:
            label = f"{row.label} " if len(table.rows) > 1 else ""
            yield from _wrapped(f"{label}yours: {row.yours}", "    ")
            yield from _wrapped(f"{label}expected: {row.expected}", "    ")
        return
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for i, cells_of_row in enumerate(rows):
        line = "  ".join(cell.rjust(width) for cell, width in zip(cells_of_row, widths, strict=True))
        yield f"    {line}{'  < first difference' if i and len(rows) > 2 and table.rows[i - 1].first else ''}".rstrip()
    yield from _wrapped(table.note, "    ")


def _wrapped(text: str, start: str) -> list[str]:
    """Lines of `text` after `start`, indented below it; nothing for no text."""
    lines: list[str] = []
    below = " " * len(start)
    for line in text.split("\n") if text else ():
        wrapped = textwrap.wrap(line, _WIDTH - len(start), break_on_hyphens=False) or [""]
        lines += [f"{below if lines or i else start}{part}".rstrip() for i, part in enumerate(wrapped)]
    return lines


def _escaped(text: str) -> str:
    """Text in which Markdown and HTML find no markup."""
    return "".join(f"&#{ord(c)};" if c in "\\`*_{}[]()<>#+!|&~:@=-.$'\"" else c for c in text)


def _fenced(text: str) -> list[str]:
    """A code block whose fence is longer than any run of backticks in it."""
    ticks = 3
    while "`" * ticks in text:
        ticks += 1
    fence = "`" * ticks
    return [f"{fence}text", text, fence]
