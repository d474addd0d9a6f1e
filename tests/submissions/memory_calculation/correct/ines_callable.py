# who: Ines, from the Keras world, everything is an object with __call__; unusual: the required name is an instance, not a function
class MemoryCalculator:
    """Callable estimator. Configure it once, call it as often as you like."""

    d_model = 4096
    adam_moments = 2

    def __init__(self, bytes_per_param=None, min_train_bytes=2, unit=1e9):
        self.bytes_per_param = bytes_per_param or {
            "float32": 4.0,
            "float16": 2.0,
            "bfloat16": 2.0,
            "int8": 1.0,
            "int4": 0.5,
        }
        self.min_train_bytes = min_train_bytes
        self.unit = unit
        self.history = []

    def _check(self, size, rank, ratio, precision):
        problems = []
        if not isinstance(precision, str) or precision not in self.bytes_per_param:
            problems.append(f"precision={precision!r}")
        if size <= 0:
            problems.append(f"model_params_billions={size}")
        if rank < 0:
            problems.append(f"lora_rank={rank}")
        if ratio < 0:
            problems.append(f"lora_target_ratio={ratio}")
        if problems:
            raise ValueError("bad arguments: " + ", ".join(problems))

    def _states(self, frozen, trained, b, t):
        """bytes of (frozen weights, trained weights, gradients, optimizer)"""
        return [frozen * b, trained * t, trained * t, self.adam_moments * trained * t]

    def __call__(self, model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
        self._check(model_params_billions, lora_rank, lora_target_ratio, precision)
        b = self.bytes_per_param[precision]
        t = max(b, self.min_train_bytes)
        n = model_params_billions * 1e9
        p = n * lora_target_ratio * 2 * lora_rank / self.d_model
        _, _, fg, fo = self._states(0, n, b, t)
        fw = n * b  # full fine-tuning stores the weights at precision b
        lw, la, lg, lo = self._states(n, p, b, t)
        ft, lt = fw + fg + fo, lw + la + lg + lo
        result = {
            "full_ft_weights": fw,
            "full_ft_gradients": fg,
            "full_ft_optimizer": fo,
            "full_ft_total": ft,
            "lora_weights": lw,
            "lora_adapters": la,
            "lora_gradients": lg,
            "lora_optimizer": lo,
            "lora_total": lt,
        }
        result = {k: v / self.unit for k, v in result.items()}
        result["memory_savings_ratio"] = lt / ft
        self.history.append(result)
        return dict(result)

    def __repr__(self):
        return f"MemoryCalculator({len(self.history)} calls)"


calculate_memory_requirements = MemoryCalculator()
