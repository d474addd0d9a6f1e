"""Hostile code in a worker: every protection stops what it is for, and without it the same code gets through.

The box is tried bare (Landlock, seccomp and limits only), with all that this machine has around it, and as
it is for a GPU, whose driver needs a little more (also where there is no GPU).
Signals are number 0: the kernel checks them like any other, and a filter that failed would end this machine.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from graders.judge.box import Answer, Box, Worker

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs Landlock and seccomp")
ROOT = Path(__file__).resolve().parents[3]
SYSCALL = "import ctypes; libc = ctypes.CDLL(None, use_errno=True)\n"
REFUSED = "if libc.syscall({}) < 0: raise OSError(ctypes.get_errno(), 'refused')"

# Code that must end in an OSError. Names in braces are filled by the worker's arguments, as variables.
ATTACKS = {
    # processes and programs
    "fork bomb": "import os\nwhile True: os.fork()",
    "forkpty": "import os; os.forkpty()",
    "raw vfork": SYSCALL + REFUSED.format("58 if x86 else 220, 17"),
    "raw clone3": SYSCALL + REFUSED.format("435, bytes(88), 88"),
    "subprocess": "import subprocess; subprocess.run(['/bin/sh', '-c', 'true'])",
    "os.system by posix_spawn": "import os; os.posix_spawn('/bin/true', ['true'], {})",
    "exec": "import os, sys; os.execv('/bin/true', ['true'])",
    "exec of Python": "import os; os.execv(python, [python, '-c', 'pass'])",
    "multiprocessing": "import multiprocessing as m; m.get_context('fork').Process(target=print).start()",
    "loader workers": "import torch.utils.data as d\nlist(d.DataLoader([1, 2], num_workers=2))",
    # network
    "socket": "import socket; socket.socket()",
    "unix socket": "import socket; socket.socket(socket.AF_UNIX)",
    "socketpair": "import socket; socket.socketpair()",
    "url": "import urllib.request; urllib.request.urlopen('http://127.0.0.1:1/')",
    # other processes
    "signal to the judge": "import os; os.kill(judge, 0)",
    "signal to the parent": "import os; os.kill(os.getppid(), 0)",
    "signal to everybody": "import os; os.kill(-1, 0)",
    "signal to the group of the judge": "import os; os.killpg(group, 0)",
    "pidfd": "import os; os.pidfd_open(judge)",
    "tkill": SYSCALL + REFUSED.format("200 if x86 else 130, judge, 0"),
    "ptrace": SYSCALL + REFUSED.format("101 if x86 else 117, 16, judge, 0, 0"),
    "process_vm_readv": SYSCALL + REFUSED.format("310 if x86 else 270, judge, 0, 0, 0, 0, 0"),
    "priority of the judge": "import os; os.setpriority(os.PRIO_PROCESS, judge, 19)",
    "processors of the judge": "import os; os.sched_setaffinity(judge, {0})",
    "limits of the judge": "import resource; resource.prlimit(judge, resource.RLIMIT_CPU, (1, 1))",
    "not dying with the parent": "import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\n"
    "if libc.prctl(1, 0, 0, 0, 0): raise OSError('refused')",
    # reading
    "judge's environment": "open(f'/proc/{judge}/environ').read()",
    "judge's memory": "open(f'/proc/{judge}/mem', 'rb')",
    "parent's memory": "import os; open(f'/proc/{os.getppid()}/mem', 'rb')",
    "list of processes": "import os; os.listdir('/proc')",
    "secret temporary file": "open(secret).read()",
    "temporary folder": "import os; os.listdir(folder)",
    "graders": "open(root + '/graders/__init__.py').read()",
    "oracle": "open(root + '/lora_reference/__init__.py').read()",
    "solutions": "import os; os.listdir(root + '/reference_solutions')",
    "submissions": "import os; os.listdir(root + '/tests')",
    "password file": "open('/etc/passwd').read()",
    "home": "import os; os.listdir('/root'); os.listdir('/home')",
    "other package": "open(hypothesis).read()",
    # writing
    "write to /tmp": "open('/tmp/loralab-attack', 'w')",
    "write to /dev/shm": "open('/dev/shm/loralab-attack', 'w')",
    "write to /var/tmp": "open('/var/tmp/loralab-attack', 'w')",
    "write to the current folder": "open('loralab-attack', 'w')",
    "write to the secret": "open(secret, 'a')",
    "temporary file": "import tempfile; tempfile.TemporaryFile()",
    "shared memory": "from multiprocessing.shared_memory import SharedMemory as S; S(create=True, size=64)",
    "System V memory": SYSCALL + REFUSED.format("29 if x86 else 194, 0, 4096, 0o1600"),
    "memory file": "import os; os.memfd_create('x')",
    "semaphore": "import multiprocessing; multiprocessing.Lock()",
    "remove": "import os; os.unlink(secret)",
    "rename": "import os; os.rename(secret, secret + '2')",
    "link": "import os; os.link(secret, secret + '2')",
    "symbolic link": "import os; os.symlink('/', folder + '/link')",
    "folder": "import os; os.mkdir(folder + '/new')",
    "pipe with a name": "import os; os.mkfifo(folder + '/pipe')",
    "mode": "import os; os.chmod(secret, 0o777)",
    "owner": "import os; os.chown(secret, 1, 1)",
    "times": "import os; os.utime(secret, (0, 0))",
    "attribute": "import os; os.setxattr(secret, 'user.x', b'1')",
    "truncate": "import os; os.truncate(secret, 0)",
    # the kernel
    "unshare": SYSCALL + REFUSED.format("272 if x86 else 97, 0x10000000"),
    "mount": SYSCALL + REFUSED.format("165 if x86 else 40, b'/tmp', b'/tmp', 0, 4096, 0"),
    "chroot": "import os; os.chroot('/usr')",
    "io_uring": SYSCALL + REFUSED.format("425, 1, bytes(120)"),
    "bpf": SYSCALL + REFUSED.format("321 if x86 else 280, 0, bytes(64), 64"),
    "userfaultfd": SYSCALL + REFUSED.format("323 if x86 else 282, 0"),
    "keyring": SYSCALL + REFUSED.format("250 if x86 else 219, 0, -3, 0"),
}  # fmt: skip

# The same code gets through where nothing is hardened: these attacks are real.
# (Not those that would harm this machine, need root, or write: a limit stops these anyway.)
REAL = (
    "raw vfork", "subprocess", "os.system by posix_spawn", "multiprocessing", "socket", "unix socket",
    "socketpair", "signal to the judge", "signal to the parent", "signal to everybody", "pidfd",
    "judge's environment",
    "list of processes", "secret temporary file", "temporary folder", "graders", "oracle", "solutions",
    "password file", "other package", "memory file", "symbolic link", "folder", "pipe with a name", "mode",
    "times",
    "not dying with the parent",
)  # fmt: skip


@pytest.fixture(scope="module", params=["bare", "all", "gpu"])
def box(request: pytest.FixtureRequest) -> Iterator[Box]:
    """The box at level 2, then at the highest level of this machine, then as it is for a GPU."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("graders.judge.protections.insist_on_gpu", lambda box: None)
        without = () if request.param == "all" else ("bubblewrap", "namespaces")
        with Box(_without=without, _on_gpu=request.param == "gpu") as opened:
            if opened.protections["level"] < 2:
                pytest.skip("this machine has no level 2")
            yield opened


@pytest.fixture(scope="module")
def open_box() -> Iterator[Box]:
    with Box("off") as opened:
        yield opened


@pytest.fixture
def worker(box: Box) -> Iterator[Worker]:
    with box.worker(_entry="attempts") as made:
        yield made


@pytest.fixture
def arguments(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    import hypothesis

    with tempfile.TemporaryDirectory(prefix="loralab-test-") as folder:
        secret = Path(folder, "secret")
        secret.write_text("the judge's")
        yield {
            "judge": os.getpid(), "group": os.getpgrp(), "secret": str(secret), "folder": folder,
            "root": str(ROOT), "hypothesis": str(hypothesis.__file__),
            "python": os.path.realpath(sys.executable), "x86": os.uname().machine == "x86_64",
        }  # fmt: skip
        if secret.exists():
            assert secret.read_text() == "the judge's"


def attempt(worker: Worker, code: str, cpu_seconds: float = 10.0, **arguments: Any) -> Answer:
    return worker.ask({"code": code, "arguments": arguments}, cpu_seconds=cpu_seconds)


def raised(answer: Answer) -> tuple[str, bool]:
    assert answer.kind == "replied", answer
    assert answer.value is not None
    return answer.value["raised"], answer.value["oserror"]


@pytest.mark.parametrize("name", ATTACKS)
def test_attack_ends_in_an_oserror_and_harms_nothing(
    name: str, worker: Worker, arguments: dict[str, Any]
) -> None:
    """The student's code sees the usual OSError and goes on; nothing outside has changed."""
    kind, is_oserror = raised(attempt(worker, ATTACKS[name], **arguments))
    assert is_oserror, kind
    assert os.listdir(arguments["folder"]) == ["secret"]
    assert Path(arguments["secret"]).stat().st_mode & 0o777 == 0o644 & ~_umask()
    for place in ("/tmp", "/dev/shm", "/var/tmp", "/"):
        assert not list(Path(place).glob("loralab-attack*"))
    assert raised(attempt(worker, "result = 1")) == ("", False)


@pytest.mark.parametrize("name", REAL)
def test_attack_gets_through_where_nothing_is_hardened(
    name: str, open_box: Box, arguments: dict[str, Any]
) -> None:
    """Counter-test: these attacks fail because of the box, not because they are wrong."""
    if name in ("raw vfork",):
        code = "import os\npid = os.fork()\nif not pid: os._exit(0)\nos.waitpid(pid, 0)"
    else:
        code = ATTACKS[name]
    with open_box.worker(_entry="attempts") as worker:
        answer = attempt(worker, code, **arguments)
        assert raised(answer) == ("", False)


WAITS = """
import socket
waiting = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
waiting.bind(chr(0) + "loralab-test")
waiting.listen()
"""


@pytest.mark.parametrize(
    ("kind", "code"),
    [("socket", WAITS), ("its own map", "open('/proc/self/maps').read()"),
     ("name of a thread", "import threading\nopen(f'/proc/self/task/{threading.get_native_id()}/comm', 'w').write('x')")],
)  # fmt: skip
def test_what_the_driver_of_a_gpu_needs(kind: str, code: str, box: Box) -> None:
    """A GPU's workers wait at a socket of this machine, read their own /proc and name threads; the others do not."""
    with box.worker(_entry="attempts") as worker:
        name, is_oserror = raised(attempt(worker, code))
        assert is_oserror != box._on_gpu, name
        assert raised(attempt(worker, "open(f'/proc/{judge}/comm', 'w')", judge=os.getpid()))[1]


def test_the_driver_of_a_gpu_needs_no_more(box: Box) -> None:
    """Its workers cannot connect, nor send to sockets that others hold."""
    if not box._on_gpu:
        pytest.skip("no sockets at all")
    with box.worker(_entry="attempts") as worker:
        assert raised(attempt(worker, WAITS)) == ("", False)
        connects = "socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET).connect(chr(0) + 'loralab-test')"
        assert raised(attempt(worker, f"import socket\n{connects}")) == ("PermissionError", True)
        for kind in ("SOCK_DGRAM", "SOCK_STREAM"):
            code = f"import socket; socket.socket(socket.AF_UNIX, socket.{kind})"
            assert raised(attempt(worker, code)) == ("PermissionError", True)


def test_torch_writes_no_file_either(worker: Worker) -> None:
    """torch.save has a writer of its own, which raises an error of its own."""
    kind, _ = raised(attempt(worker, "import torch; torch.save(torch.ones(1), '/tmp/loralab-attack.pt')"))
    assert kind == "RuntimeError"
    assert not Path("/tmp/loralab-attack.pt").exists()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


# ---------------------------------------------------------------------------------------- memory, time


@pytest.mark.parametrize(
    "code",
    [
        "bytearray(8 << 30)",
        "import torch; torch.zeros(8 << 30, dtype=torch.uint8)",
        "import numpy; numpy.ones(1 << 30)",
        "x = []\nwhile True: x.append(bytearray(64 << 20))",
        "import mmap; mmap.mmap(-1, 8 << 30)",
        "import threading\nfor _ in range(100000): threading.Thread(target=threading.Event().wait).start()",
        "'x' * (8 << 30)",
        "import resource; resource.setrlimit(resource.RLIMIT_AS, (-1, -1))",
    ],
)
def test_memory_bombs_end_in_an_exception(worker: Worker, code: str, box: Box) -> None:
    """Memory beyond the limit is refused, and the limit cannot be raised."""
    if box._on_gpu:
        pytest.skip("CUDA reserves more than it uses: the kernel ends such a worker before others")
    answer = attempt(worker, code, 30.0)
    assert answer.kind == "replied", answer
    assert answer.value is not None
    assert answer.value["raised"] in (
        "MemoryError",
        "RuntimeError",
        "_ArrayMemoryError",
        "OSError",
        "ValueError",
    )


@pytest.mark.parametrize(
    "code",
    [
        "while True: pass",
        "import time; time.sleep(1e9)",
        "import signal\nfor n in range(1, 65):\n  try: signal.signal(n, signal.SIG_IGN)\n"
        "  except (OSError, ValueError): pass\nwhile True: pass",
        "while True:\n  try:\n    while True: pass\n  except BaseException: pass",
        "import os, signal; os.kill(os.getpid(), signal.SIGSTOP)",
        "import threading; threading.Event().wait()",
        "import re; re.match('(a+)+$', 'a' * 60 + 'b')",
        "import os; os.read(3, 1)",
    ],
)
def test_code_that_does_not_end_is_ended(worker: Worker, code: str) -> None:
    """Loops, sleep, ignored signals and stops run into the judge's clocks, and the process is gone."""
    answer = attempt(worker, code, 0.2)
    assert answer.kind == "timed_out", answer
    assert not worker.alive


def test_threads_count_together(worker: Worker) -> None:
    """CPU seconds are those of all threads."""
    code = """
import threading, torch
a = torch.randn(500, 500)
def burn():
    while True: a @ a
for _ in range(2): threading.Thread(target=burn, daemon=True).start()
burn()
"""
    answer = attempt(worker, code, 0.5)
    assert answer.kind == "timed_out"
    assert answer.cpu_seconds > 0.5 or answer.wall_seconds > 1.5


# --------------------------------------------------------------------------------------------- endings


@pytest.mark.parametrize(
    ("code", "kind", "detail"),
    [
        ("import os; os._exit(3)", "crashed", "exited with status 3"),
        ("import os; os._exit(0)", "crashed", "exited with status 0"),
        ("import ctypes; ctypes.string_at(0)", "crashed", "was ended by signal 11 (segmentation fault)"),
        ("import os; os.abort()", "crashed", "was ended by signal 6 (aborted)"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGTERM)", "crashed",
         "was ended by signal 15 (terminated)"),
        ("import os; os.kill(os.getpid(), 9)", "out_of_memory", "most likely because memory ran out"),
        ("import os; os.close(3); os.close(4)\nwhile True: pass", "broken_protocol", "closed the pipe"),
        ("import os; os.write(4, b'{\"score\": 30}' * 10)", "broken_protocol", "not an answer"),
        ("import os; os.write(4, bytes(range(256)))", "broken_protocol", "not an answer"),
        ("import os; os.write(4, b'\\xff' * 16)", "broken_protocol", "not an answer"),
        ("import os\nwhile True: os.write(4, b'x' * 65536)", "broken_protocol", "not an answer"),
        ("import worker.wire as w; w.write_message(4, [1, 2])", "broken_protocol", "not a dict"),
        ("import os, struct\nn = 10**6\nos.write(4, struct.pack('<QQ', n, 0))\nfor _ in range(n // 1000):\n"
         "  os.write(4, b'[' * 1000)", "broken_protocol", "not an answer"),
        ("import sys\nsys.setrecursionlimit(10**9)\nx = []\nfor _ in range(10**6): x = [x]\nrepr(x)",
         "crashed", "was ended by signal 11 (segmentation fault)"),
    ],
)  # fmt: skip
def test_how_a_worker_ends_is_told(worker: Worker, code: str, kind: str, detail: str) -> None:
    """Exits, signals, closed pipes and false messages are each called by their name."""
    answer = attempt(worker, code)
    assert (answer.kind, detail in answer.detail) == (kind, True), answer
    assert not worker.alive


def test_an_answer_before_the_question_is_refused(worker: Worker) -> None:
    """A second reply, sent ahead for a question to come, ends the worker."""
    forge = "import worker.wire as w\nfor _ in range(2): w.write_message(4, {'result': 'forged'})"
    assert attempt(worker, forge).kind == "replied"
    answer = attempt(worker, "result = 1")
    while answer.kind == "replied":  # the forgery had not arrived yet
        answer = attempt(worker, "result = 1")
    assert answer.kind == "broken_protocol"
    assert not worker.alive


def test_a_worker_that_never_reads_does_not_block_the_judge(worker: Worker) -> None:
    """Writing has the same deadline as reading."""
    stuck = "import worker.wire as w, time; w.read_message = lambda fd: time.sleep(1e9)"
    assert attempt(worker, stuck).kind == "replied"
    answer = attempt(worker, "", 0.2, data=b"x" * 1_000_000)
    assert answer.kind == "timed_out"


def test_a_worker_that_drips_is_ended(worker: Worker) -> None:
    """A reply that arrives byte by byte for ever runs into the clock."""
    code = """
import os, time
os.write(4, (1000).to_bytes(8, "little") * 2)
while True:
    os.write(4, b"x")
    time.sleep(0.005)
"""
    assert attempt(worker, code, 0.2).kind == "timed_out"


def test_one_workers_end_does_not_touch_another(box: Box) -> None:
    """Workers of one warm process know nothing of each other."""
    with box.worker(_entry="attempts") as first, box.worker(_entry="attempts") as second:
        assert raised(attempt(first, "import builtins; builtins.x = 1")) == ("", False)
        assert raised(attempt(second, "x")) == ("NameError", False)
        assert attempt(first, "import os; os._exit(1)").kind == "crashed"
        assert raised(attempt(second, "result = 1")) == ("", False)
