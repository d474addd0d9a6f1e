"""Executes the notebooks and keeps their pictures: `python -m notebooks.execute [--fast] [--pictures FOLDER]`."""

from __future__ import annotations

import argparse
import base64
import os
import sys
from pathlib import Path

import nbclient
from nbformat import NotebookNode

from notebooks.build import lab_notebook, numbered, read

SECONDS = 1200  # of one cell


def executed(notebook: NotebookNode, fast: bool, folder: Path) -> NotebookNode:
    """The notebook with its outputs. Raises nbclient's CellExecutionError where a cell raises."""
    environment = {
        **os.environ,
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "PYTHONWARNINGS": "ignore",
    }
    environment.update({"LORALAB_FAST": "1"} if fast else {})
    environment["PYTHONPATH"] = os.pathsep.join(
        filter(None, [str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH")])
    )
    client = nbclient.NotebookClient(
        notebook, timeout=SECONDS, kernel_name="python3", resources={"metadata": {"path": str(folder)}}
    )
    client.execute(env=environment)
    return notebook


def pictures(notebook: NotebookNode) -> list[bytes]:
    """The PNG pictures of a notebook's outputs, in order."""
    return [
        base64.b64decode(output.data["image/png"])
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if "image/png" in output.get("data", {})
    ]


def printed(notebook: NotebookNode) -> str:
    """All that a notebook prints."""
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    return "".join(output.text for output in outputs if output.output_type == "stream")


def tour() -> NotebookNode:
    """The tour of the library, for its readers."""
    notebook = read(Path(__file__).parent / "lora_reference_tour.py")
    return numbered(notebook, list(notebook.cells))


def main() -> int:
    """Execute the students' notebook with the solutions filled in, then the tour; write their pictures."""
    options = argparse.ArgumentParser(prog="python -m notebooks.execute", description=__doc__)
    options.add_argument("--fast", action="store_true")
    options.add_argument("--pictures", type=Path, default=Path("docs", "lab"))
    chosen = options.parse_args()
    chosen.pictures.mkdir(parents=True, exist_ok=True)
    for name, notebook in (("lab", lab_notebook(solved=True)), ("tour", tour())):
        done = executed(notebook, chosen.fast, Path.cwd())
        print(printed(done))
        for number, picture in enumerate(pictures(done), start=1):
            path = chosen.pictures / f"{name}-{number}.png"
            path.write_bytes(picture)
            print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
