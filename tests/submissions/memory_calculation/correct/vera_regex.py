# who: Vera, linguist, parses names instead of listing them; unusual: fullmatch regex for the precision, ExitStack of complaints raised together, doctest and unittest in the file
"""
>>> m = calculate_memory_requirements(7, precision="float16")
>>> m["full_ft_weights"], m["full_ft_total"]
(14.0, 56.0)
>>> round(m["lora_total"], 3)
14.044
"""
import re
import unittest
from typing import TypedDict

NAME = re.compile(r"(?P<kind>b?float)(?P<bits>16)|(?P<kind2>float)(?P<bits2>32)|(?P<kind3>int)(?P<bits3>[48])")


class Memory(TypedDict):
    full_ft_weights: float
    full_ft_gradients: float
    full_ft_optimizer: float
    full_ft_total: float
    lora_weights: float
    lora_adapters: float
    lora_gradients: float
    lora_optimizer: float
    lora_total: float
    memory_savings_ratio: float


def parse(precision: str) -> tuple[float, float]:
    """(bytes stored, bytes trained)"""
    m = NAME.fullmatch(precision)
    if m is None:
        raise ValueError(f"cannot parse the precision {precision!r}")
    stored = int(m["bits"] or m["bits2"] or m["bits3"]) / 8
    return stored, (2 if m["kind3"] else stored)


def calculate_memory_requirements(model_params_billions: float, lora_rank: int = 16,
                                  lora_target_ratio: float = 0.1, precision: str = "float32") -> Memory:
    stored, trained = parse(precision)
    complaints = []
    if not model_params_billions > 0:
        complaints.append("model_params_billions is not positive")
    complaints += [f"{k} is negative" for k, v in [("rank", lora_rank), ("ratio", lora_target_ratio)] if v < 0]
    if complaints:
        raise ValueError("; ".join(complaints))
    adapters = model_params_billions * lora_target_ratio * 2 * lora_rank / 4096
    weights = model_params_billions * stored
    grad = model_params_billions * trained
    lgrad = adapters * trained
    return Memory(
        full_ft_weights=weights,
        full_ft_gradients=grad,
        full_ft_optimizer=2 * grad,
        full_ft_total=weights + 3 * grad,
        lora_weights=weights,
        lora_adapters=lgrad,
        lora_gradients=lgrad,
        lora_optimizer=2 * lgrad,
        lora_total=weights + 4 * lgrad,
        memory_savings_ratio=(weights + 4 * lgrad) / (weights + 3 * grad),
    )


class Tests(unittest.TestCase):
    def test_hint(self):
        self.assertEqual(calculate_memory_requirements(1)["full_ft_total"], 16)

    def test_bad(self):
        for bad in ("float64", "int16", "float", "bfloat32", "int48"):
            self.assertRaises(ValueError, calculate_memory_requirements, 1, precision=bad)


if __name__ == "__main__":
    import doctest

    doctest.testmod()
    unittest.main()
