# unusual: defined inside if/try/with blocks, self-tests by doctest and unittest at module level, warnings
import contextlib
import doctest
import io
import sys
import unittest
import warnings

if sys.version_info >= (3, 9):
    try:
        from typing import Annotated as _Annotated
    except ImportError:  # pragma: no cover
        calculate_memory_requirements = None
    else:
        with contextlib.suppress(ImportError):
            import torch

            def calculate_memory_requirements(
                model_params_billions: _Annotated[float, "> 0"],
                lora_rank: _Annotated[int, ">= 0"] = 16,
                lora_target_ratio: _Annotated[float, ">= 0"] = 0.1,
                precision: str = "float32",
            ) -> dict[str, float]:
                """
                >>> calculate_memory_requirements(7, precision="float16")["full_ft_total"]
                56.0
                """
                if precision not in (table := {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 0.5}):
                    raise ValueError(precision)
                if model_params_billions <= 0 or lora_rank < 0 or lora_target_ratio < 0:
                    raise ValueError("range")
                if lora_target_ratio > 1 or lora_rank > 4096:
                    warnings.warn("more adapter parameters than is usual", stacklevel=2)
                b, n = table[precision], model_params_billions
                t = torch.tensor([b, 2.0]).max().item()
                p = n * lora_target_ratio * 2 * lora_rank / 4096
                ft, lt = n * (b + 3 * t), n * b + 4 * p * t
                return {
                    "full_ft_weights": n * b, "full_ft_gradients": n * t, "full_ft_optimizer": 2 * n * t, "full_ft_total": ft,
                    "lora_weights": n * b, "lora_adapters": p * t, "lora_gradients": p * t, "lora_optimizer": 2 * p * t,
                    "lora_total": lt, "memory_savings_ratio": lt / ft,
                }


class TestMemory(unittest.TestCase):
    def test_weights(self):
        self.assertEqual(calculate_memory_requirements(7)["full_ft_weights"], 28)

    def test_precision(self):
        with self.assertRaises(ValueError):
            calculate_memory_requirements(7, precision="float64")


print(unittest.TextTestRunner(stream=io.StringIO()).run(unittest.defaultTestLoader.loadTestsFromTestCase(TestMemory)))
try:
    print(doctest.run_docstring_examples(calculate_memory_requirements, globals()))
except Exception as e:
    print(e)
