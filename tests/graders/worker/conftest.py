"""A plain worker without a box: a process that has imported it forks a child for each connection."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from graders.worker import wire

ROOT = Path(__file__).resolve().parents[3]
LAB = (ROOT / "lora_reference" / "lab.py").read_text(encoding="utf-8")
STUBS = {
    path.stem: path.read_text(encoding="utf-8") for path in (ROOT / "assignments/lora_theory").glob("*.py")
}
STUBS.pop("lab")
EXERCISES = {
    "lora_with_bias": ["LoRALayerWithBias"],
    "selective_injection": ["add_lora_to_model_selective", "compare_target_modules"],
    "memory_calculation": ["calculate_memory_requirements"],
    "nf4_quantization": ["quantize_nf4", "dequantize_nf4"],
}

FORKING = """
import functools, os, socket, sys, types
import torch
torch.set_num_threads(1)
from graders.worker import serve

def look(module, arguments, seen):
    seen.at("look")
    exec(arguments["code"], {"module": module, "seen": seen, "torch": torch, "look": arguments})

def watch(lab):
    calls, make = [], lab.generate_synthetic_data

    @functools.wraps(make)
    def noted(*sizes):
        calls.append(list(sizes))
        return make(*sizes)

    lab.generate_synthetic_data = noted
    return calls

look.__module__ = "graders.worker.probes.for_tests"
probe = types.ModuleType("graders.worker.probes.for_tests")
probe.look, probe.watch = look, watch
for exercise in sys.argv[2].split():
    serve.PROBES[exercise] = probe
null = os.open(os.devnull, os.O_RDWR)
os.dup2(null, 1)
os.dup2(null, 2)
listening = socket.socket(socket.AF_UNIX)
listening.bind(sys.argv[1])
listening.listen(8)
while True:
    connection, _ = listening.accept()
    if os.fork() == 0:
        listening.close()
        serve.serve(connection.fileno(), connection.fileno())
        os._exit(0)
    connection.close()
"""


class Talk:
    """The judge's end of one worker."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection

    def ask(self, request: dict[str, Any]) -> Any:
        """One request, one reply; EOFError where the worker ended."""
        self.connection.sendall(wire.pack(request))
        return wire.read_message(self.connection.fileno())

    def load(self, exercise: str, files: dict[str, str | bytes] | None = None, **facts: Any) -> Any:
        """Load texts for one exercise; `notebook` may be the bytes of one."""
        data = {
            name: text.encode() if isinstance(text, str) else text for name, text in (files or {}).items()
        }
        request = {
            "op": "load",
            "exercise": exercise,
            "defines": EXERCISES.get(exercise, []),
            "folder": "lora_theory",
            "mode": "whole",
            "placeholders": [],
            "files": data,
            "notebook": None,
            "exercise_files": EXERCISES,
            "stubs": STUBS,
            "given": LAB,
            "forbidden": ["graders", "lora_reference", "reference_solutions"],
        }
        return self.ask({**request, **facts})

    def look(self, code: str, seed: int = 0, **arguments: Any) -> Any:
        """Run a probe that executes `code` with `module` and `seen`."""
        request = {"op": "probe", "probe": "look", "arguments": {"code": code, **arguments}, "seed": seed}
        return self.ask(request)

    def see(self, expression: str) -> Any:
        """The value of an expression in a probe, which must not raise."""
        reply = self.look(f"seen['value'] = {expression}")
        assert reply["raised"] is None, reply
        return reply["seen"]["value"]


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The socket of a process that forks a worker for each connection."""
    path = str(tmp_path_factory.mktemp("worker") / "socket")
    names = " ".join([*EXERCISES, "other"])
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONHASHSEED": "0"}
    process = subprocess.Popen([sys.executable, "-c", FORKING, path, names], cwd=ROOT, env=environment)
    while not os.path.exists(path):
        assert process.poll() is None, "the forking process ended"
        time.sleep(0.02)
    yield path
    process.kill()
    process.wait()


@pytest.fixture
def talk(address: str) -> Iterator[Talk]:
    """A fresh worker."""
    connection = socket.socket(socket.AF_UNIX)
    while connection.connect_ex(address):
        time.sleep(0.02)
    with connection:
        yield Talk(connection)


@pytest.fixture
def workers(address: str) -> Iterator[Callable[[], Talk]]:
    """Any number of fresh workers."""
    connections: list[socket.socket] = []

    def fresh() -> Talk:
        connection = socket.socket(socket.AF_UNIX)
        while connection.connect_ex(address):
            time.sleep(0.02)
        connections.append(connection)
        return Talk(connection)

    yield fresh
    for connection in connections:
        connection.close()
