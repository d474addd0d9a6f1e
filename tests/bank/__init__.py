"""Tests the grader: every submission and generated mutant under many seeds. `make bank`, or `python -m tests.bank`."""
