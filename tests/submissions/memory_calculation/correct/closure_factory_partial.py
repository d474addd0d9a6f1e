# unusual: no def of that name, it is unpacked from a factory as a functools.partial over a closure (extra keyword d_model); called as in the contract it gives the ten values
import functools
import operator


def make_calculator(sizes, floor=2, giga=1e9):
    total = functools.partial(functools.reduce, operator.add)

    def scale(factor):
        return lambda params, bytes_each: factor * params * bytes_each / giga

    once, twice = scale(1), scale(2)

    def calculate(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32", *, d_model):
        nonlocal calls
        calls += 1
        b = sizes.get(precision)
        if b is None:
            raise ValueError(f"precision={precision!r}, expected one of {sorted(sizes)}")
        for name, bad in {
            "model_params_billions": model_params_billions <= 0,
            "lora_rank": lora_rank < 0,
            "lora_target_ratio": lora_target_ratio < 0,
        }.items():
            if bad:
                raise ValueError(f"{name} is out of range")
        t = max(b, floor)
        N = model_params_billions * giga
        P = N * lora_target_ratio * 2 * lora_rank / d_model
        full = [once(N, b), once(N, t), twice(N, t)]
        lora = [once(N, b), once(P, t), once(P, t), twice(P, t)]
        names_full = ["full_ft_weights", "full_ft_gradients", "full_ft_optimizer", "full_ft_total"]
        names_lora = ["lora_weights", "lora_adapters", "lora_gradients", "lora_optimizer", "lora_total"]
        return {
            **dict(zip(names_full, full + [total(full)])),
            **dict(zip(names_lora, lora + [total(lora)])),
            "memory_savings_ratio": total(lora) / total(full),
        }

    def count():
        return calls

    calls = 0
    return functools.partial(calculate, d_model=4096), count


calculate_memory_requirements, how_often = make_calculator(
    {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 0.5}
)
