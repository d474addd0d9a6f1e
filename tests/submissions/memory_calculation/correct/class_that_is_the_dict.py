# unusual: the name is a class, a subclass of dict whose __init__ fills itself; calling it with the contract's arguments gives a dict with the ten values
class calculate_memory_requirements(dict):
    """`calculate_memory_requirements(7)["lora_total"]`, also `.lora_total`."""

    BYTES_PER_PARAM = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 0.5}
    D = 4096

    def __init__(self, model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
        super().__init__()
        self._check(model_params_billions, lora_rank, lora_target_ratio, precision)
        self.n = model_params_billions * 1e9
        self.b = self.BYTES_PER_PARAM[precision]
        self.t = max(self.b, 2)
        self.p = self.n * lora_target_ratio * 2 * lora_rank / self.D
        self._full_fine_tuning()
        self._lora()
        self["memory_savings_ratio"] = self["lora_total"] / self["full_ft_total"]

    def _check(self, n, r, ratio, precision):
        if precision not in self.BYTES_PER_PARAM:
            raise ValueError(f"{precision} isn't supported")
        if n <= 0:
            raise ValueError("n <= 0")
        if r < 0:
            raise ValueError("r < 0")
        if ratio < 0:
            raise ValueError("ratio < 0")

    def _put(self, prefix, **in_bytes):
        for name, value in in_bytes.items():
            self[f"{prefix}_{name}"] = value / 1e9
        self[f"{prefix}_total"] = sum(in_bytes.values()) / 1e9

    def _full_fine_tuning(self):
        self._put("full_ft", weights=self.n * self.b, gradients=self.n * self.t, optimizer=2 * self.n * self.t)

    def _lora(self):
        self._put("lora", weights=self.n * self.b, adapters=self.p * self.t, gradients=self.p * self.t, optimizer=2 * self.p * self.t)

    def __getattr__(self, name):
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None

    def __repr__(self):
        return "\n".join(f"{k:>22}: {v:10.4f}" for k, v in self.items())
