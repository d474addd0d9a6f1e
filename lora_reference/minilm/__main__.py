"""`python -m lora_reference.minilm --fast`, or `--full`, which takes minutes, with `--output FOLDER`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from lora_reference.minilm.comparing import FAST, FULL, as_json, as_markdown, compare_methods
from lora_reference.minilm.model import model_folder


def main() -> int:
    """Compare the ways to fine-tune, print the tables and write them with their pictures."""
    options = argparse.ArgumentParser(prog="python -m lora_reference.minilm", description=__doc__)
    how = options.add_mutually_exclusive_group(required=True)
    how.add_argument("--fast", action="store_true", help="a small part of the task, in seconds")
    how.add_argument("--full", action="store_true", help="all of it, in minutes")
    options.add_argument("--output", type=Path, help="a folder for results.json, results.md and the pictures")
    chosen = options.parse_args()
    try:
        model_folder()
    except ImportError as error:
        print(error, file=sys.stderr)
        return 2
    results = compare_methods(FAST if chosen.fast else FULL)
    print(as_markdown(results))
    if chosen.output is not None:
        from lora_reference import plots

        chosen.output.mkdir(parents=True, exist_ok=True)
        (chosen.output / "results.json").write_text(as_json(results), encoding="utf-8")
        (chosen.output / "results.md").write_text(as_markdown(results), encoding="utf-8")
        plots.real_updates(results).savefig(chosen.output / "updates.png", dpi=110)
    return 0


if __name__ == "__main__":
    sys.exit(main())
