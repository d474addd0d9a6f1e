# who: Priya, prints a report each time, logs, tries to keep a csv; unusual: file writing guarded by try/except OSError, aliases of precision names accepted, argparse demo
"""Memory calculator with a nice table. Run `python memory_calculation.py 13 --precision int4`."""
import argparse
import csv
import logging
import sys

logger = logging.getLogger("memcalc")

_ALIASES = {"fp32": "float32", "fp16": "float16", "half": "float16", "bf16": "bfloat16"}
_BYTES = {"float32": 4.0, "float16": 2.0, "bfloat16": 2.0, "int8": 1.0, "int4": 0.5}


def _save(report):
    try:
        with open("memory_log.csv", "a", newline="") as f:
            csv.writer(f).writerow(report.values())
    except OSError as e:
        logger.debug("could not write the log: %s", e)


def _table(report, title):
    line = "+" + "-" * 26 + "+" + "-" * 14 + "+"
    print(title)
    print(line)
    for k, v in report.items():
        print(f"| {k:<24} | {v:>12.4f} |")
    print(line)


def calculate_memory_requirements(model_params_billions: float, lora_rank: int = 16,
                                  lora_target_ratio: float = 0.1, precision: str = "float32") -> dict[str, float]:
    name = _ALIASES.get(precision.lower(), precision.lower())
    if name not in _BYTES:
        raise ValueError(f"Unknown precision '{precision}'")
    if model_params_billions <= 0:
        raise ValueError(f"Model size must be > 0 (got {model_params_billions})")
    if lora_rank < 0:
        raise ValueError(f"Rank must be >= 0 (got {lora_rank})")
    if lora_target_ratio < 0:
        raise ValueError(f"Ratio must be >= 0 (got {lora_target_ratio})")
    if lora_target_ratio > 1:
        logger.warning("more than the whole model is targeted?")

    b = _BYTES[name]
    t = max(b, 2.0)
    n = model_params_billions * 1e9
    p = n * lora_target_ratio * 2 * lora_rank / 4096

    report = {}
    report["full_ft_weights"] = n * b / 1e9
    report["full_ft_gradients"] = n * t / 1e9
    report["full_ft_optimizer"] = n * t * 2 / 1e9
    report["full_ft_total"] = sum(report[f"full_ft_{x}"] for x in ("weights", "gradients", "optimizer"))
    report["lora_weights"] = n * b / 1e9
    report["lora_adapters"] = p * t / 1e9
    report["lora_gradients"] = p * t / 1e9
    report["lora_optimizer"] = p * t * 2 / 1e9
    report["lora_total"] = sum(report[f"lora_{x}"] for x in ("weights", "adapters", "gradients", "optimizer"))
    report["memory_savings_ratio"] = report["lora_total"] / report["full_ft_total"]

    _table(report, f"{model_params_billions}B, r={lora_rank}, {precision}")
    _save(report)
    return report


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("size", type=float, nargs="?", default=7)
    parser.add_argument("--rank", type=int, default=16)
    parser.add_argument("--ratio", type=float, default=0.1)
    parser.add_argument("--precision", default="float32")
    a = parser.parse_args()
    try:
        calculate_memory_requirements(a.size, a.rank, a.ratio, a.precision)
    except ValueError as e:
        sys.exit(str(e))
