"""The filter of system calls as an interpreter of its instructions sees it, and the readable files."""

from __future__ import annotations

import platform
import sys
from pathlib import Path

import pytest

from graders.worker import landlock, readable, seccomp

PID = 4242
EPERM, ENOSYS, ALLOW = seccomp.EPERM, seccomp.ENOSYS, seccomp.ALLOW


def run(machine: str, number: int, argument: int = 0, architecture: int | None = None) -> int:
    """What the kernel would answer, by the meaning of the filter's five kinds of instruction."""
    data = {
        seccomp.NUMBER: number,
        seccomp.ARCHITECTURE: seccomp.ARCHITECTURES[machine] if architecture is None else architecture,
        seccomp.FIRST_ARGUMENT: argument & 0xFFFFFFFF,
    }
    code = seccomp.program(PID, machine)
    value = at = 0
    while True:
        kind, yes, no, operand = code[at]
        at += 1
        if kind == seccomp.RETURN:
            return operand
        if kind == seccomp.LOAD:
            value = data[operand]
        elif kind == seccomp.EQUAL:
            at += yes if value == operand else no
        elif kind == seccomp.HAS_BITS:
            at += yes if value & operand else no
        elif kind == seccomp.AT_LEAST:
            at += yes if value >= operand else no


machines = pytest.mark.parametrize(("machine", "column"), [("x86_64", 0), ("aarch64", 1)])


@machines
def test_refused_calls_are_refused(machine: str, column: int) -> None:
    """Every call of the table, on either architecture."""
    for name, numbers in seccomp.REFUSED.items():
        if numbers[column] >= 0:
            assert run(machine, numbers[column]) == EPERM, name


@machines
def test_ordinary_calls_pass(machine: str, column: int) -> None:
    """read, write, mmap, futex, openat, exit_group."""
    for numbers in ((0, 63), (1, 64), (9, 222), (202, 98), (257, 56), (231, 94)):
        assert run(machine, numbers[column]) == ALLOW


@machines
def test_threads_pass_and_processes_do_not(machine: str, column: int) -> None:
    """clone is for threads only, clone3 does not exist."""
    assert run(machine, seccomp.CLONE[column], 0x3D0F00) == ALLOW
    assert run(machine, seccomp.CLONE[column], 17) == EPERM
    assert run(machine, seccomp.CLONE3[column]) == ENOSYS


@machines
def test_signals_and_limits_are_for_oneself(machine: str, column: int) -> None:
    """Another process's number is refused, also 0 and negative ones, which mean groups."""
    for numbers in (seccomp.KILL, seccomp.TGKILL):
        assert run(machine, numbers[column], PID) == ALLOW
        for other in (0, 1, -1, PID + 1, -PID):
            assert run(machine, numbers[column], other) == EPERM
    assert run(machine, seccomp.PRLIMIT[column], 0) == ALLOW
    assert run(machine, seccomp.PRLIMIT[column], PID) == ALLOW
    assert run(machine, seccomp.PRLIMIT[column], 1) == EPERM
    assert run(machine, seccomp.PRCTL[column], seccomp.PR_SET_PDEATHSIG) == EPERM
    assert run(machine, seccomp.PRCTL[column], 15) == ALLOW


@machines
def test_other_numberings_are_shut_out(machine: str, column: int) -> None:
    """Calls of another architecture, of x32, and younger than the table."""
    assert run(machine, 0, architecture=0x40000003) == seccomp.KILL_PROCESS
    assert run(machine, 0x40000000 + 59) == ENOSYS
    assert run(machine, 600) == ENOSYS


@pytest.mark.skipif(not Path("/usr/include/asm-generic/unistd.h").exists(), reason="no kernel headers")
def test_the_table_has_the_kernels_numbers() -> None:
    """Against the kernel's own headers, where they are installed."""
    headers = {1: Path("/usr/include/asm-generic/unistd.h")}
    x86 = Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h")
    if x86.exists():
        headers[0] = x86
    for column, header in headers.items():
        words = [line.split() for line in header.read_text().splitlines() if line.startswith("#define __NR")]
        numbers = {
            line[1].removeprefix("__NR_").removeprefix("__NR3264_"): int(line[2])
            for line in words
            if len(line) > 2 and line[2].isdigit()
        }
        for name, known in seccomp.REFUSED.items():
            assert numbers.get(name, -1) in (known[column], -1), name
            assert known[column] >= 0 or name not in numbers, name


def test_landlock_handles_all_that_its_version_knows() -> None:
    """Newer kernels refuse more kinds of access; none is asked for that the kernel does not know."""
    assert landlock._rights(1) == 0x1FFF
    assert landlock._rights(3) == 0x7FFF
    assert landlock._rights(7) == 0xFFFF


@pytest.mark.skipif(sys.platform != "linux", reason="lists Linux folders")
def test_nothing_of_ours_and_no_other_package_is_readable() -> None:
    """The list has torch and the standard library; it has neither this project nor, say, hypothesis."""
    import hypothesis
    import torch

    allowed = [Path(path) for path in readable.access(cuda=False).read]

    def is_readable(file: str | Path | None) -> bool:
        return any(Path(str(file)).is_relative_to(path) for path in allowed)

    assert is_readable(torch.__file__)
    assert is_readable(sys.modules["json"].__file__)
    assert is_readable(sys.modules["sympy"].__file__) if "sympy" in sys.modules else True
    assert not is_readable(hypothesis.__file__)
    assert not is_readable(pytest.__file__)
    assert not is_readable(__file__)
    assert not is_readable(landlock.__file__)
    assert not is_readable("/proc/self/environ")
    assert not is_readable("/etc/passwd")


def test_this_machines_filter_can_be_made() -> None:
    """Where the machine has a table, the program is short enough for the kernel."""
    if platform.machine() in seccomp.ARCHITECTURES:
        assert len(seccomp.program(1, platform.machine())) < 4096
