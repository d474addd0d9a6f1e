# unusual: computes in single precision and returns np.float32 (a real number type that is no float); the error of a few 1e-7 is far below the contract's relative 1e-5
import numpy as np

f32 = np.float32
SIZES = dict(float32=4.0, float16=2.0, bfloat16=2.0, int8=1.0, int4=0.5)


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    if precision not in SIZES.keys():
        raise ValueError("precision must be one of " + str(list(SIZES)))
    if model_params_billions <= 0:
        raise ValueError("model_params_billions")
    if lora_rank < 0:
        raise ValueError("lora_rank")
    if lora_target_ratio < 0:
        raise ValueError("lora_target_ratio")

    N = f32(model_params_billions) * f32(1e9)
    b = f32(SIZES[precision])
    t = np.maximum(b, f32(2))
    P = N * f32(lora_target_ratio) * f32(2) * f32(lora_rank) / f32(4096)
    states_full = np.array([N * b, N * t, N * t, N * t], dtype=f32) / f32(1e9)  # w, g, m, v
    states_lora = np.array([N * b, P * t, P * t, P * t, P * t], dtype=f32) / f32(1e9)  # w, a, g, m, v
    return {
        "full_ft_weights": states_full[0],
        "full_ft_gradients": states_full[1],
        "full_ft_optimizer": states_full[2:].sum(),
        "full_ft_total": states_full.sum(),
        "lora_weights": states_lora[0],
        "lora_adapters": states_lora[1],
        "lora_gradients": states_lora[2],
        "lora_optimizer": states_lora[3:].sum(),
        "lora_total": states_lora.sum(),
        "memory_savings_ratio": states_lora.sum() / states_full.sum(),
    }
