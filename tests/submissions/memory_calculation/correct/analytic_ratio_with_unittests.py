# unusual: never multiplies by 1e9, and the ratio comes from a closed form without N, (b + 4 p t) / (b + 3 t) with p = P / N; unittests sit in the same file
import unittest

_B = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 0.5}


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    """GB = billions of bytes, so billions of parameters x bytes are GB already."""
    if isinstance(precision, str) and precision in _B:
        b = _B[precision]
    else:
        raise ValueError(f"precision has to be in {list(_B)}")
    if not (model_params_billions > 0):
        raise ValueError("model_params_billions has to be above 0")
    if not (lora_rank >= 0):
        raise ValueError("lora_rank has to be at least 0")
    if not (lora_target_ratio >= 0):
        raise ValueError("lora_target_ratio has to be at least 0")
    n = model_params_billions
    t = max(b, 2)
    p = lora_target_ratio * lora_rank * 2**-11  # 2 / 4096
    pt = n * p * t
    return {
        "full_ft_weights": n * b,
        "full_ft_gradients": n * t,
        "full_ft_optimizer": n * t * 2,
        "full_ft_total": n * (b + 3 * t),
        "lora_weights": n * b,
        "lora_adapters": pt,
        "lora_gradients": pt,
        "lora_optimizer": pt * 2,
        "lora_total": n * (b + 4 * p * t),
        "memory_savings_ratio": (b + 4 * p * t) / (b + 3 * t),
    }


class TestMemory(unittest.TestCase):
    def test_example(self):
        m = calculate_memory_requirements(7, precision="float16")
        self.assertEqual((m["full_ft_weights"], m["full_ft_total"]), (14, 56))
        self.assertAlmostEqual(m["lora_total"], 14.0438, places=4)

    def test_errors(self):
        for args in [(0,), (-1,), (7, -1), (7, 16, -0.1), (7, 16, 0.1, "float64"), (7, 16, 0.1, "")]:
            with self.subTest(args), self.assertRaises(ValueError):
                calculate_memory_requirements(*args)

    def test_sums(self):
        for precision in _B:
            m = calculate_memory_requirements(1.3, 8, 0.3, precision)
            self.assertAlmostEqual(m["memory_savings_ratio"], m["lora_total"] / m["full_ft_total"])


if __name__ == "__main__":
    unittest.main()
