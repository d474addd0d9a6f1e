# unusual: a lambda, no def; raises through a helper generator's throw
_e = lambda m: (_ for _ in ()).throw(ValueError(m))
calculate_memory_requirements = lambda model_params_billions, lora_rank=16, lora_target_ratio=.1, precision="float32": (
    _e("precision") if (b := dict(float32=4, float16=2, bfloat16=2, int8=1, int4=.5).get(precision)) is None else
    _e("size") if model_params_billions <= 0 else _e("rank") if lora_rank < 0 else _e("ratio") if lora_target_ratio < 0 else
    (lambda W, G, A: {"full_ft_weights": W, "full_ft_gradients": G, "full_ft_optimizer": 2*G, "full_ft_total": W+3*G,
                      "lora_weights": W, "lora_adapters": A, "lora_gradients": A, "lora_optimizer": 2*A, "lora_total": W+4*A,
                      "memory_savings_ratio": (W+4*A)/(W+3*G)})
    (model_params_billions*b, model_params_billions*max(b, 2), model_params_billions*lora_target_ratio*lora_rank/2048*max(b, 2)))
