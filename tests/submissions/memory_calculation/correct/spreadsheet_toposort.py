# a spreadsheet: each key has its formula as text, graphlib finds the order of evaluation
import ast
from graphlib import TopologicalSorter

CELLS = {
    "lora_total": "lora_weights + lora_adapters + lora_gradients + lora_optimizer",
    "full_ft_total": "full_ft_weights + full_ft_gradients + full_ft_optimizer",
    "memory_savings_ratio": "lora_total / full_ft_total",
    "full_ft_optimizer": "2 * full_ft_gradients",
    "lora_optimizer": "2 * lora_adapters",
    "lora_gradients": "lora_adapters",
    "lora_adapters": "P * t / GB",
    "lora_weights": "full_ft_weights",
    "full_ft_weights": "N * b / GB",
    "full_ft_gradients": "N * t / GB",
    "P": "N * ratio * 2 * rank / 4096",
    "N": "billions * GB",
    "t": "max(b, 2)",
}


def _names(formula):
    return {node.id for node in ast.walk(ast.parse(formula)) if isinstance(node, ast.Name)}


_ORDER = [c for c in TopologicalSorter({c: _names(f) for c, f in CELLS.items()}).static_order() if c in CELLS]
_CODE = {cell: compile(CELLS[cell], cell, "eval") for cell in _ORDER}


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    sheet = {"billions": model_params_billions, "rank": lora_rank, "ratio": lora_target_ratio, "GB": 1e9, "max": max}
    match [bits for name, bits in _WIDTHS if name == precision]:
        case [bits]:
            sheet["b"] = bits / 8
        case _:
            raise ValueError(f"unknown precision {precision!r}")
    if not (sheet["billions"] > 0 and sheet["rank"] >= 0 and sheet["ratio"] >= 0):
        raise ValueError("the size has to be positive, rank and ratio must not be negative")
    for cell in _ORDER:
        sheet[cell] = eval(_CODE[cell], {"__builtins__": {}}, sheet)
    return {cell: sheet[cell] for cell in CELLS if len(cell) > 1}


_WIDTHS = [("float32", 32), ("float16", 16), ("bfloat16", 16), ("int8", 8), ("int4", 4)]
