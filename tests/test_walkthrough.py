"""Every command of docs/course.md, run in the order in which an instructor and a student call them."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import tomllib
import urllib.request
from contextlib import closing, suppress
from pathlib import Path

import pytest

pytest.importorskip("nbgrader", reason="needs nbgrader: make setup")

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "course.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
EXCHANGE = "/srv/nbgrader/exchange"
NAME = "lora_theory"
PATH = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # our `loralab` and nbgrader first


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Where the instructor and the student sit, and the exchange between them."""
    root = tmp_path_factory.mktemp("walk")
    found = {name: root / name for name in ("instructor", "student", "exchange")}
    for path in found.values():
        path.mkdir()
    found["exchange"].chmod(0o777)
    return found


def run(places: dict[str, Path], block: str, where: Path) -> str:
    """Run the commands of a block in one shell, with the test's exchange in the place of the page's."""
    text = block.replace(EXCHANGE, str(places["exchange"]))
    text = re.sub(r"(?m)^pip install .*\n", "", text)  # the one command that needs a network
    if where == places["student"]:  # whose machine is set up for the exchange
        text = re.sub(r"(?m)^(nbgrader \w+ .*)$", rf"\1 --Exchange.root={places['exchange']}", text)
    environment = {
        **os.environ,
        "PATH": PATH,
        "OMP_NUM_THREADS": "1",
    }
    done = subprocess.run(["bash", "-ec", text], cwd=where, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, f"{text}\n{done.stdout}\n{done.stderr}"
    return done.stdout + done.stderr


def test_the_extra_that_is_installed_exists() -> None:
    """`pip install` names a distribution and an extra of this project."""
    (name, extra), = re.findall(r"pip install '(\w+)\[(\w+)\]'", PAGE)  # fmt: skip
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert (name, extra in project["optional-dependencies"]) == (project["name"], True)


def test_from_the_course_to_released_feedback(places: dict[str, Path]) -> None:
    """The page's blocks, as they follow each other in time: what they promise is there afterwards."""
    make, release, after, lab, files, fetch, check, submit, feedback, own = BLOCKS
    instructor, student = places["instructor"], places["student"]
    run(places, make, instructor)
    course = instructor / "dl-2027"
    run(places, release, course)
    assert (course / "kit" / "check.py").exists()

    run(places, fetch, student)
    mine = student / NAME
    subprocess.run(
        [
            "cp",
            "-r",
            *map(str, (course / "kit").glob("*.py")),
            str(course / "kit" / "loralab_check"),
            str(mine),
        ],
        check=True,
    )
    solved = ROOT / "reference_solutions" / NAME / "nf4_quantization.py"
    (mine / "nf4_quantization.py").write_text(solved.read_text())
    said = run(places, check.replace("\npython check.py\n", "\npython check.py || test $? = 1\n"), mine)
    assert "others" in said
    run(places, submit.replace("cd ..\n", ""), student)

    run(places, after, course)
    (row,) = (course / "grades.csv").read_text().splitlines()[1:]
    assert float(row.split(",")[7]) == 20
    assert (
        json.loads(
            (course / "reports" / os.listdir(course / "submitted")[0] / NAME / "report.json").read_text()
        )["score"]
        == 20
    )
    run(places, feedback, student)
    assert list(mine.glob(f"feedback/*/{NAME}.html"))

    run(places, files, course)
    jupyter(lab.strip(), course)
    short, watched = own.strip().splitlines()
    run(places, short, mine)
    watch(watched, mine)


def watch(command: str, where: Path) -> None:
    """Start the command that watches a file, and press Ctrl-C once it has answered."""
    running = subprocess.Popen(
        command.split(), cwd=where, env={**os.environ, "PATH": PATH}, stdout=subprocess.PIPE, text=True
    )
    assert running.stdout is not None
    for line in running.stdout:
        if line.startswith("-- watching"):
            running.send_signal(signal.SIGINT)
    assert running.wait(30) == 0


def jupyter(command: str, where: Path) -> None:
    """Start the server that a command starts, see it answer, and stop it."""
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    flags = ["--allow-root", "--no-browser", f"--port={port}", "--IdentityProvider.token=t"]
    running = subprocess.Popen(
        [*command.split(), *flags], cwd=where, env={**os.environ, "PATH": PATH},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    status = 0
    for _ in range(300):
        with (
            suppress(OSError),
            urllib.request.urlopen(f"http://127.0.0.1:{port}/formgrader?token=t") as answer,
        ):
            status = answer.status
            break
        time.sleep(0.2)
    running.send_signal(signal.SIGTERM)
    running.wait(30)
    assert status == 200
