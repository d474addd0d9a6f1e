# style: asserts inside a context manager that turns them into ValueError, doctest and unittest in the file
import contextlib
import unittest


@contextlib.contextmanager
def refuse():
    try:
        yield
    except (AssertionError, LookupError) as problem:
        raise ValueError(str(problem)) from problem


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    """
    >>> calculate_memory_requirements(7, precision="float16")["full_ft_total"]
    56.0
    """
    with refuse():
        b = dict(float32=4, float16=2, bfloat16=2, int8=1, int4=0.5)[precision]
        assert model_params_billions > 0, "no model"
        assert lora_rank >= 0, "rank"
        assert lora_target_ratio >= 0, "ratio"
    t = max(b, 2)
    n = model_params_billions * 1e9
    p = n * lora_target_ratio * 2 * lora_rank / 4096
    gb = 1e-9
    r = {}
    r["full_ft_weights"], r["full_ft_gradients"], r["full_ft_optimizer"] = n * b * gb, n * t * gb, 2 * n * t * gb
    r["full_ft_total"] = (n * b + 3 * n * t) * gb
    r["lora_weights"], r["lora_adapters"], r["lora_gradients"], r["lora_optimizer"] = n * b * gb, p * t * gb, p * t * gb, 2 * p * t * gb
    r["lora_total"] = (n * b + 4 * p * t) * gb
    r["memory_savings_ratio"] = (n * b + 4 * p * t) / (n * b + 3 * n * t)
    return r


class Tests(unittest.TestCase):
    def test_7b(self):
        self.assertAlmostEqual(calculate_memory_requirements(7, precision="float16")["lora_total"], 14.04375)

    def test_raises(self):
        for bad in (dict(precision="float64"), dict(lora_rank=-1), dict(lora_target_ratio=-.1)):
            with self.assertRaises(ValueError):
                calculate_memory_requirements(7, **bad)


if __name__ == "__main__":
    unittest.main()
