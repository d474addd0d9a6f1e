"""The box on its honest side: workers answer, end when told to, and processes share one warm process."""

from __future__ import annotations

import json
import multiprocessing
import os
import select
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from graders.judge import process
from graders.judge.box import Answer, Box, BoxError, Turnstile, Worker
from graders.judge.process import Forked

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="forks a warm process")
BARE = ("bubblewrap", "namespaces")


@pytest.fixture(scope="module")
def box() -> Iterator[Box]:
    with Box() as opened:
        yield opened


@pytest.fixture
def worker(box: Box) -> Iterator[Worker]:
    with box.worker(_entry="attempts") as made:
        yield made


def attempt(worker: Worker, code: str, cpu_seconds: float = 10.0, **arguments: Any) -> Answer:
    return worker.ask({"code": code, "arguments": arguments}, cpu_seconds=cpu_seconds)


def result(worker: Worker, code: str, **arguments: Any) -> Any:
    answer = attempt(worker, code, **arguments)
    assert answer.kind == "replied", answer
    assert answer.value is not None
    assert answer.value["raised"] == "", answer.value
    return answer.value["result"]


def test_a_worker_answers_again_and_again(worker: Worker) -> None:
    """Each request gets its reply, with what it cost."""
    answers = [attempt(worker, "result = n + 1", n=n) for n in range(20)]
    assert [answer.value["result"] for answer in answers if answer.value] == list(range(1, 21))
    assert all(answer.wall_seconds > 0 and answer.cpu_seconds >= 0 for answer in answers)
    assert worker.alive


def test_the_memory_of_a_worker_is_known_once_it_has_ended(box: Box) -> None:
    """A worker that used 200 MB more than another is known to have, after its end."""
    peaks = []
    for size in (1, 200):
        with box.worker(_entry="attempts") as worker:
            result(worker, "result = len(bytearray(n))", n=size << 20)
            assert worker.peak == 0
        peaks.append(worker.peak)
    assert 150 << 20 < peaks[1] - peaks[0] < 250 << 20


def test_what_exercises_use_works(worker: Worker) -> None:
    """Training, two threads, printing and lazily imported modules work in a forked worker."""
    code = """
import torch, torch.nn as nn, numpy, sqlite3, decimal, lzma, csv, dataclasses, random, zoneinfo
torch.set_num_threads(2)
a = torch.randn(700, 700, requires_grad=True)
(a @ a).exp().tanh().sum().backward()
layer = nn.Linear(4, 4)
data = torch.utils.data.TensorDataset(torch.randn(8, 4))
for (x,) in torch.utils.data.DataLoader(data, batch_size=2, shuffle=True):
    layer(x).square().sum().backward()
torch.optim.AdamW(layer.parameters()).step()
print("hello" * 100000)
result = [torch.get_num_threads(), numpy.arange(3)]
result = torch.get_num_threads()
"""
    assert result(worker, code) == 2


def test_the_workers_surroundings_are_bare(box: Box) -> None:
    """No environment but the fixed one, no descriptor but two pipes, hashes that repeat, one thread."""
    code = """
import fcntl, os, sys
def is_open(fd):
    try:
        fcntl.fcntl(fd, fcntl.F_GETFD)
    except OSError:
        return False
    return True
result = {
    "environment": sorted(os.environ), "open": [fd for fd in range(5000) if is_open(fd)], "cwd": os.getcwd(),
    "randomised": sys.flags.hash_randomization, "hash": hash("loralab"), "argv": sys.argv,
    "ours": sorted(name for name in sys.modules if name.partition(".")[0] in ours),
}
"""
    ours = ["graders", "judge", "exercises", "lora_reference", "hypothesis"]
    seen = []
    for _ in range(2):
        with box.worker(_entry="attempts") as worker:
            seen.append(result(worker, code, ours=ours))
    assert seen[0] == seen[1]
    assert "PATH" not in seen[0]["environment"]
    assert "HOME" not in seen[0]["environment"]
    assert seen[0]["open"] == [0, 1, 2, 3, 4]
    assert seen[0]["cwd"] == "/"
    assert seen[0]["randomised"] == 0
    assert seen[0]["ours"] == []


def test_the_import_system_does_not_find_the_judge(worker: Worker) -> None:
    """What lies beside the worker's folder, or in the project, or is installed, cannot be imported."""
    beside = ("judge", "exercises", "grade", "report")
    for name in (*beside, "graders.report", "lora_reference.lab", "hypothesis", "pytest"):
        answer = attempt(worker, f"import {name}")
        assert answer.value is not None
        expected = ("ModuleNotFoundError",) if name in beside else ("ModuleNotFoundError", "PermissionError")
        assert answer.value["raised"] in expected, name


def test_close_ends_the_process(box: Box) -> None:
    """A closed worker is gone and reaped, and a second close does nothing."""
    worker = box.worker(_entry="attempts")
    ended = worker._process
    pid = attempt(worker, "import os; result = os.getpid()").value
    assert pid is not None
    worker.close()
    worker.close()
    assert not worker.alive
    assert ended.cpu_seconds() is None
    with pytest.raises(BoxError):
        attempt(worker, "")


def test_protections_are_plain_json(box: Box) -> None:
    """The report holds what was found, whatever this machine has."""
    found = json.loads(json.dumps(box.protections))
    assert found == box.protections
    assert found["of"] == 4
    assert found["sandbox"] == "auto"


@linux_only
def test_off_is_level_0_and_says_what_gets_through() -> None:
    """Without hardening the self-test's attacks succeed: it can fail."""
    with Box("off") as box:
        found = box.protections
        assert found["level"] == 0
        for name in (
            "fork",
            "network",
            "signal",
            "signal_by_file",
            "read_file",
            "read_environment",
            "write_file",
            "exec",
        ):
            assert found["self_test"][name] == "not stopped", name
        assert found["self_test"]["endless_loop"] == "stopped"
        assert found["self_test"]["memory"] == "stopped"


@linux_only
@pytest.mark.parametrize("missing", ["seccomp", "landlock"])
def test_strict_refuses_where_a_layer_is_missing(missing: str) -> None:
    """`strict` names what is missing, and leaves no process behind."""
    refused = Box("strict", _without=(*BARE, missing))
    with pytest.raises(BoxError, match=f"{missing} is inactive"):
        refused.open()
    assert refused._zygote is None


@linux_only
def test_auto_goes_on_where_a_layer_is_missing_and_says_it() -> None:
    """One layer alone is level 1."""
    with Box(_without=(*BARE, "landlock")) as box:
        assert box.protections["landlock"] == "inactive: switched off"
        assert box.protections["self_test"]["read_file"] == "not stopped"
        assert box.protections["level"] <= 1


@linux_only
def test_strict_opens_where_level_2_holds(box: Box) -> None:
    """Where nothing is missing `strict` is like `auto`."""
    if box.protections["level"] < 2:
        pytest.skip("this machine has no level 2")
    with Box("strict", _without=BARE) as strict:
        assert strict.protections["level"] == 2


@linux_only
def test_a_wall_that_does_not_stand_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bubblewrap that fails (as under Ubuntu's AppArmor) costs its layer only; the reason is reported."""
    broken = tmp_path / "bwrap"
    broken.write_text("#!/bin/sh\necho 'bwrap: setting up uid map: Permission denied' >&2\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with Box() as box:
        assert box.protections["bubblewrap"] == "inactive: bwrap: setting up uid map: Permission denied"
        with box.worker(_entry="attempts") as worker:
            assert result(worker, "result = 1") == 1


def test_without_fork_there_is_a_worker_all_the_same() -> None:
    """As on macOS and Windows: an interpreter for each worker, level 0, limits from outside."""
    with Box(_without=("fork",)) as box:
        assert box.protections["level"] == 0
        assert str(box.protections["seccomp"]).startswith("inactive")
        with box.worker(_entry="attempts") as worker:
            assert result(worker, "print('x'); result = len(data)", data=b"x" * 1_000_000) == 1_000_000
            assert attempt(worker, "import os; os._exit(3)").detail == "exited with status 3"
        with box.worker(_entry="attempts") as worker:
            stuck = "import worker.wire as w, time; w.read_message = lambda fd: time.sleep(1e9)"
            assert attempt(worker, stuck).kind == "replied"
            assert attempt(worker, "", 0.3, data=b"x" * 10_000_000).kind == "timed_out"
        with box.worker(_entry="attempts") as worker:
            flood = "import os\nwhile True: os.write(4, b'x' * 65536)"
            assert attempt(worker, flood).kind == "broken_protocol"
        with pytest.raises(BoxError, match="strict"):
            Box("strict", _without=("fork",)).open()


@linux_only
def test_a_gpu_that_is_not_there_is_said() -> None:
    """`cuda` where torch finds no GPU inside the box is refused in one sentence."""
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    with pytest.raises(BoxError, match="no GPU"):
        Box(device="cuda").open()
    with Box(device="auto") as box:
        assert box.device == "cpu"
        assert box.protections["gpu"].startswith("not used: torch can use no GPU inside the box (")
        with box.share().worker(_entry="attempts") as worker:
            assert attempt(worker, "result = 2").value == {"result": 2, "raised": "", "oserror": False}


class _InterruptError(Exception):
    pass


@linux_only
def test_an_interrupted_start_does_not_mix_up_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C while the warm process forks: what is asked later gets no answer meant for something else."""
    with Box(_without=BARE) as box:
        first = box.worker(_entry="attempts")

        def interrupted(*arguments: Any) -> Any:
            raise _InterruptError

        with monkeypatch.context() as patch:
            patch.setattr(process.Control, "receive", interrupted)
            with pytest.raises(_InterruptError):
                box.worker(_entry="attempts")
        with pytest.raises(BoxError, match="interrupted"):
            box.worker(_entry="attempts")
        ended = first._process
        assert isinstance(ended, Forked)
        pidfd = os.dup(ended._pidfd)
        first.close()
        watching = select.poll()
        watching.register(pidfd, select.POLLIN)
        assert watching.poll(60_000)
        os.close(pidfd)


# ------------------------------------------------------------------------------------ several processes


def _grade_in_child(box: Box, answers: Any) -> None:
    with box.worker(_entry="attempts") as worker:
        answers.put(result(worker, "result = 17"))
    box.close()


@linux_only
@linux_only
def test_a_warm_process_that_ended_is_started_anew() -> None:
    """When the system kills it, the next share works all the same."""
    with Box() as box:
        signal.pidfd_send_signal(box._zygote_pidfd, signal.SIGKILL)
        with box.share() as shared, shared.worker(_entry="attempts") as worker:
            assert result(worker, "result = 1 + 1") == 2


def test_forked_processes_share_one_warm_process(box: Box) -> None:
    """A share made before the fork works in the child, beside the parent's own workers."""
    context = multiprocessing.get_context("fork")
    answers = context.SimpleQueue()
    with box.worker(_entry="attempts") as mine:
        children = []
        for _ in range(3):
            shared = box.share()
            children.append(context.Process(target=_grade_in_child, args=(shared, answers)))
            children[-1].start()
            shared.close()
        for child in children:
            child.join()
        assert [child.exitcode for child in children] == [0, 0, 0]
        assert [answers.get() for _ in children] == [17, 17, 17]
        assert result(mine, "result = 18") == 18


def _hold_worker(box: Box, numbers: Any) -> None:
    worker = box.worker(_entry="attempts")
    held = worker._process
    assert isinstance(held, Forked)
    with open(f"/proc/self/fdinfo/{held._pidfd}") as file:
        numbers.put(int(next(line for line in file if line.startswith("Pid:")).split()[1]))
    signal.pause()


@linux_only
def test_workers_of_a_killed_grading_process_end(box: Box) -> None:
    """A grading process that is killed leaves no worker, even while others hold copies of its descriptors."""
    context = multiprocessing.get_context("fork")
    numbers = context.SimpleQueue()
    shared = box.share()  # not closed here: this process keeps a copy of the child's socket
    child = context.Process(target=_hold_worker, args=(shared, numbers))
    child.start()
    watching = select.poll()
    watching.register(os.pidfd_open(numbers.get()), select.POLLIN)
    child.kill()
    child.join()
    assert watching.poll(60_000), "the worker outlived its judge"
    shared.close()


def _use(box: Box, answers: Any) -> None:
    try:
        box.worker(_entry="attempts")
    except BoxError as error:
        answers.put(str(error))


@linux_only
def test_a_box_belongs_to_one_process(box: Box) -> None:
    """Using the parent's box after a fork would mix up answers; it is refused, and harms nobody."""
    context = multiprocessing.get_context("fork")
    answers = context.SimpleQueue()
    child = context.Process(target=_use, args=(box, answers))
    child.start()
    child.join()
    assert "share()" in answers.get()
    with box.worker(_entry="attempts") as worker:
        assert result(worker, "result = 1") == 1


@linux_only
def test_a_warm_process_that_died_is_said_in_one_sentence() -> None:
    """Whatever ends the warm process, the judge gets a BoxError, and its workers are gone."""
    with Box(_without=BARE) as box:
        worker = box.worker(_entry="attempts")
        assert box._zygote is not None
        box._zygote.kill()
        box._zygote.wait()
        assert worker._process.has_ended(60)
        with pytest.raises(BoxError, match="warm process"):
            box.worker()
        with pytest.raises(BoxError, match="warm process"):
            attempt(worker, "result = 1")  # not the student's fault
        worker.close()


@linux_only
def test_a_closed_box_leaves_no_process() -> None:
    """The warm process and its workers are gone after close, whatever walls were around them."""
    for without in ((), ("bubblewrap",), BARE):
        box = Box(_without=without).open()
        worker = box.worker(_entry="attempts")
        zygote, ended = box._zygote, worker._process
        assert isinstance(ended, Forked)
        pidfd = os.dup(ended._pidfd)
        box.close()
        assert zygote is not None
        assert zygote.returncode is not None
        watching = select.poll()
        watching.register(pidfd, select.POLLIN)
        assert watching.poll(60_000)
        os.close(pidfd)


# ------------------------------------------------------------------------------------------ turnstile


def _log(path: Path, line: str) -> None:
    with path.open("a") as file:
        file.write(line + "\n")


def _go_together(stile: Turnstile, log: Path, name: str, inside: Any, leave: Any) -> None:
    with stile.together():
        _log(log, f"{name} in")
        inside.set()
        leave.wait()
        _log(log, f"{name} out")


def _go_alone(stile: Turnstile, log: Path, inside: Any, leave: Any) -> None:
    with stile.alone(), stile.together():  # what it does itself is let through
        _log(log, "alone in")
        inside.set()
        leave.wait()
        _log(log, "alone out")


@linux_only
def test_alone_means_alone(tmp_path: Path) -> None:
    """Many pass together; who wants to be alone waits for them, and newcomers wait for it."""
    context = multiprocessing.get_context("fork")
    stile, log = Turnstile(tmp_path / "stile"), tmp_path / "log"
    events = {name: (context.Event(), context.Event()) for name in ("a", "b", "alone", "late")}

    def start(name: str) -> Any:
        arguments = (stile, log, *events[name]) if name == "alone" else (stile, log, name, *events[name])
        process = context.Process(target=_go_alone if name == "alone" else _go_together, args=arguments)
        process.start()
        return process

    processes = [start("a"), start("b")]
    assert events["a"][0].wait(60)
    assert events["b"][0].wait(60)  # both at once
    processes.append(start("alone"))
    events["a"][1].set()
    events["b"][1].set()
    assert events["alone"][0].wait(60)
    processes.append(start("late"))
    events["alone"][1].set()
    events["late"][1].set()
    for started in processes:
        started.join()
    lines = log.read_text().split("\n")
    assert set(lines[:4]) == {"a in", "b in", "a out", "b out"}
    assert lines[4:8] == ["alone in", "alone out", "late in", "late out"]
