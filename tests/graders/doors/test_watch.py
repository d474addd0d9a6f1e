"""`loralab check --watch`: the answer again after every change, until it is stopped."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from graders.doors.cli import main
from graders.doors.watch import stamp, watch
from graders.grade import data_folder


def test_it_answers_again_after_each_change(tmp_path: Path) -> None:
    """Once at the start and once a change; a file that is just being replaced is waited for."""
    file = tmp_path / "nf4_quantization.py"
    file.write_text("1")
    texts: list[str] = []
    steps = iter(
        [
            lambda: None,
            file.unlink,
            lambda: None,
            lambda: file.write_text("22"),
            lambda: (tmp_path / "helper.py").write_text("3"),
        ]
    )

    def wait(seconds: float) -> None:
        step = next(steps, None)
        if step is None:
            raise KeyboardInterrupt
        step()

    def once() -> int:
        texts.append("".join(path.read_text() for path in sorted(tmp_path.glob("*.py"))))
        return len(texts)

    assert watch(file, once, io.StringIO(), wait) == 3
    assert texts == ["1", "22", "322"]


def test_a_folder_is_watched_whole(tmp_path: Path) -> None:
    """A notebook beside a file matters to a folder, not to the file."""
    (tmp_path / "a.py").write_text("")
    (tmp_path / "b.ipynb").write_text("")
    assert set(stamp(tmp_path)) == {"a.py", "b.ipynb"}
    assert set(stamp(tmp_path / "a.py")) == {"a.py"}
    assert set(stamp(tmp_path / "b.ipynb")) == {"b.ipynb"}


def test_a_file_that_goes_while_it_is_looked_at(tmp_path: Path) -> None:
    """What cannot be looked at is not there, and ends nothing."""
    (tmp_path / "a.py").write_text("")
    (tmp_path / "gone.py").symlink_to(tmp_path / "nowhere.py")
    assert set(stamp(tmp_path)) == {"a.py"}


def test_the_command(tmp_path: Path) -> None:
    """Saved again with a mistake, the file gets another short answer; Ctrl-C ends with the last status."""
    file = tmp_path / "memory_calculation.py"
    right = (data_folder("reference_solutions", "lora_theory") / file.name).read_text()
    file.write_text(right)
    command = [sys.executable, "-m", "graders", "check", str(file), "--watch"]
    running = subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"}
    )
    assert running.stdout is not None
    said = []
    for line in running.stdout:
        said.append(line)
        if line.startswith("-- watching") and len(said) < 4:
            time.sleep(0.05)
            file.write_text(
                right + "\n\ndef calculate_memory_requirements(*sizes, **options):\n    return {}\n"
            )
        elif line.startswith("-- watching"):
            running.send_signal(signal.SIGINT)
    assert running.wait(60) == 1
    text = "".join(said)
    assert "20 of 20" in text.splitlines()[0]
    assert "✗" in text


@pytest.mark.parametrize("others", [["--format", "json"], ["--case", "case.json"]])
def test_what_cannot_be_watched(others: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """A wrong call is told in a line."""
    file = data_folder("reference_solutions", "lora_theory") / "memory_calculation.py"
    assert main(["check", str(file), "--watch", *others]) == 2
    assert "--watch goes neither" in capsys.readouterr().err
