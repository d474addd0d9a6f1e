# mistake: unnamed
# Calculate_memory_requirements(-1) returns an object; ValueError only when a value is read.
BYTES = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 0.5}


class _Memory(dict):
    """Computes when it is first looked at."""

    def __init__(self, *args):
        super().__init__()
        self._args = args

    def _fill(self):
        if not dict.__len__(self):
            n, rank, ratio, precision = self._args
            if precision not in BYTES:
                raise ValueError(f"unknown precision {precision!r}")
            if n <= 0 or rank < 0 or ratio < 0:
                raise ValueError("size must be positive, rank and ratio not negative")
            b = BYTES[precision]
            t = max(b, 2)
            p = n * ratio * 2 * rank / 4096
            self.update(
                full_ft_weights=n * b, full_ft_gradients=n * t, full_ft_optimizer=2 * n * t, full_ft_total=n * (b + 3 * t),
                lora_weights=n * b, lora_adapters=p * t, lora_gradients=p * t, lora_optimizer=2 * p * t,
                lora_total=n * b + 4 * p * t, memory_savings_ratio=(n * b + 4 * p * t) / (n * (b + 3 * t)),
            )
        return self

    def __getitem__(self, key):
        return dict.__getitem__(self._fill(), key)

    def __contains__(self, key):
        return dict.__contains__(self._fill(), key)

    def __iter__(self):
        return dict.__iter__(self._fill())

    def __len__(self):
        return dict.__len__(self._fill())

    def get(self, key, default=None):
        return dict.get(self._fill(), key, default)

    def keys(self):
        return dict.keys(self._fill())

    def values(self):
        return dict.values(self._fill())

    def items(self):
        return dict.items(self._fill())

    def __repr__(self):
        return dict.__repr__(self._fill())


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    return _Memory(model_params_billions, lora_rank, lora_target_ratio, precision)
