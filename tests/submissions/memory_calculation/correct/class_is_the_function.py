# the name is bound to a class: a dict subclass whose constructor calculates, so that a "call" makes an instance
class calculate_memory_requirements(dict):
    D = 4096
    WIDTH = dict(float32=4, float16=2, bfloat16=2, int8=1, int4=1 / 2)

    def __init__(self, model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
        super().__init__()
        if precision not in self.WIDTH:
            raise ValueError(f"{precision!r} is none of {', '.join(self.WIDTH)}")
        if model_params_billions <= 0:
            raise ValueError("model_params_billions <= 0")
        if min(lora_rank, lora_target_ratio) < 0:
            raise ValueError("negative rank or ratio")
        stored = self.WIDTH[precision]
        trained = stored if stored > 2 else 2
        # billions of parameters times bytes are GB: the two 1e9 cancel
        adapters = model_params_billions * lora_target_ratio * 2 * lora_rank / self.D
        self._part("full_ft", weights=model_params_billions * stored, **self._training(model_params_billions * trained))
        self._part(
            "lora",
            weights=model_params_billions * stored,
            adapters=adapters * trained,
            **self._training(adapters * trained),
        )
        self["memory_savings_ratio"] = self["lora_total"] / self["full_ft_total"]

    @staticmethod
    def _training(size):
        return {"gradients": size, "optimizer": 2 * size}

    def _part(self, prefix, **sizes):
        sizes["total"] = sum(sizes.values())
        self.update({f"{prefix}_{name}": size for name, size in sizes.items()})
