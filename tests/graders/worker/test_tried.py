"""What a submission is seen to try, and what is not held against it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

import pytest

from graders.report import REFUSALS
from graders.worker import tried

from .conftest import Talk

Fresh = Callable[[], Talk]
BEFORE = (
    "import collections, ctypes, dataclasses, gc, importlib, inspect, logging, multiprocessing, os, pathlib, platform, shutil\n"
    "import socket, subprocess, sys, tempfile, torch, traceback, urllib.request, uuid, warnings\n"
)
FUNCTION = "def quantize_nf4(x=0):\n    try:\n        {}\n    except Exception:\n        pass\n"
ATTEMPTS = {
    "socket.create_connection(('127.0.0.1', 1))": "network",
    "urllib.request.urlopen('http://127.0.0.1:1')": "network",
    "subprocess.run(['no such program'])": "new process",
    "os.system('true')": "new process",
    "multiprocessing.get_context('fork').Process(target=print).start()": "new process",
    "os.kill(os.getpid(), 0)": "ending a process",
    "open('/nowhere/x', 'w')": "writing a file",
    "pathlib.Path('/nowhere/x').write_text('')": "writing a file",
    "os.remove('/nowhere/x')": "writing a file",
    "shutil.rmtree('/nowhere/x')": "writing a file",
    "open('/nowhere/data.csv')": "reading a file",
    "open(b'/etc/passwd').close()": "reading a file",
    "os.listdir('/nowhere')": "reading a file",
    "exec('open(\\'/nowhere/x\\')')": "reading a file",
    "ctypes.CDLL(None)": "native code",
    "ctypes.pythonapi.Py_GetVersion": "native code",
    "import graders.grade": "the grader's modules",
    "importlib.import_module('lora_reference')": "the grader's modules",
    "sys._getframe(1)": "looking at what calls it",
    "inspect.stack()": "looking at what calls it",
    "gc.get_objects()": "looking at what calls it",
    "exec('try:\\n    1 / 0\\nexcept ZeroDivisionError as e:\\n    e.__traceback__.tb_frame')": "looking at what calls it",
}
INNOCENT = (
    "inspect.getsource(torch.nn.Linear)",
    "import xml.dom.minidom, wave",
    "open(os.devnull, 'w').close()",
    "[*torch.utils.data.DataLoader(torch.ones(4), num_workers=1)]",
    "torch.jit.script(torch.nn.Linear(1, 1))",
    "uuid.uuid1(), platform.platform()",
    "ctypes.c_float.from_buffer(bytearray(4))",
    "os.urandom(4), os.getcwd(), os.cpu_count(), os.environ.get('HOME')",
    "import a_package_that_does_not_exist",
    "collections.namedtuple('P', 'x'), dataclasses.make_dataclass('Q', ['x'])",
    "warnings.warn('x'), logging.getLogger('x').info('y')",
    "inspect.signature(print), gc.collect()",
    "exec('try:\\n    1 / 0\\nexcept ZeroDivisionError:\\n    traceback.format_exc()')",
)


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_an_attempt_is_noted(talk: Talk, attempt: str) -> None:
    """Each kind of attempt is told with every later reply, in the judge's words, and the call goes on as usual."""
    reply = talk.load("nf4_quantization", {"nf4_quantization.py": BEFORE + FUNCTION.format(attempt)})
    assert reply["tried"] == []
    assert talk.look("module.quantize_nf4()")["raised"] is None
    assert talk.look("pass")["tried"] == [ATTEMPTS[attempt]]
    assert ATTEMPTS[attempt] in REFUSALS


def test_an_attempt_while_loading_is_noted(talk: Talk) -> None:
    """What a file tries at its top stands in the first reply, also where loading fails."""
    text = f"{BEFORE}try:\n    os.system('true')\nexcept OSError:\n    pass\nopen('/nowhere/x')\n"
    reply = talk.load("nf4_quantization", {"nf4_quantization.py": text})
    assert reply["raised"]["type"] == "FileNotFoundError"
    assert reply["tried"] == ["new process", "reading a file"]


@pytest.mark.parametrize("code", INNOCENT)
def test_what_others_do_is_not_held_against_it(talk: Talk, code: str) -> None:
    """What torch, numpy and the standard library do on their own account is nobody's attempt."""
    talk.load("nf4_quantization", {"nf4_quantization.py": BEFORE + FUNCTION.format(code)})
    assert talk.look("module.quantize_nf4()")["tried"] == []


def test_looking_at_frames_is_not_heard_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The hook looks at frames itself: one event is one look, whatever it is about."""
    listener, looks = tried.Tried(), []

    def look() -> bool:
        looks.append(sys._getframe())
        return False

    monkeypatch.setattr(tried, "_is_theirs", look)
    listener.listen(())
    os.listdir(".")
    listener.busy = True  # from now on it is deaf: there is no way to remove it
    assert len(looks) == 1


def test_the_words_are_the_judges() -> None:
    """The worker, which may not import the judge's words, has the same."""
    assert {*tried._EVENTS.values(), tried._GRADER} == set(REFUSALS)
