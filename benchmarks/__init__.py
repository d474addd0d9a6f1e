"""Benchmarks: `make bench`. Absolute figures are the machine's; the ratios are measured in one run."""
