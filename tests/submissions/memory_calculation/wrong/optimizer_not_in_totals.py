# mistake: optimizer-missing
# The optimizer keys are right, but neither total contains them.
BITS = dict(float32=32, float16=16, bfloat16=16, int8=8, int4=4)


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    try:
        bits = BITS[precision]
    except KeyError:
        raise ValueError(f"no such precision: {precision}") from None
    if model_params_billions <= 0:
        raise ValueError("model size")
    if lora_rank < 0:
        raise ValueError("rank")
    if lora_target_ratio < 0:
        raise ValueError("ratio")

    train_bits = max(bits, 16)
    n_params = model_params_billions * 10**9
    n_lora = n_params * lora_target_ratio * 2 * lora_rank / 4096

    def gb(count, bits_each):
        return count * bits_each / 8 / 10**9

    r = {}
    r["full_ft_weights"] = gb(n_params, bits)
    r["full_ft_gradients"] = gb(n_params, train_bits)
    r["full_ft_optimizer"] = gb(2 * n_params, train_bits)
    r["full_ft_total"] = r["full_ft_weights"] + r["full_ft_gradients"]
    r["lora_weights"] = gb(n_params, bits)
    r["lora_adapters"] = gb(n_lora, train_bits)
    r["lora_gradients"] = gb(n_lora, train_bits)
    r["lora_optimizer"] = gb(2 * n_lora, train_bits)
    r["lora_total"] = r["lora_weights"] + r["lora_adapters"] + r["lora_gradients"]
    r["memory_savings_ratio"] = r["lora_total"] / r["full_ft_total"]
    return r
