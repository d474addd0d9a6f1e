"""Checks your own work on recorded cases: `python check.py`, or `check("nf4_quantization")` in a notebook.

The cases lie in `cases/`: inputs, and facts that hold of what a right answer makes of them. They are not the
cases that are graded; those are drawn anew.
"""

from .live import check

__all__ = ["check"]
