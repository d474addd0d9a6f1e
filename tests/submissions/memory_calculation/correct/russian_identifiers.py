# style: non-English identifiers and comments, last of two definitions counts
# Упражнение 3. Первая попытка (забыл про оптимизатор), оставлена для памяти.
def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    вес = model_params_billions * 4
    return {"full_ft_weights": вес, "full_ft_total": вес}


БАЙТЫ = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 0.5}
МИЛЛИАРД = 10**9


def проверить(условие, сообщение):
    if not условие:
        raise ValueError(сообщение)


# Вторая попытка.
def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    проверить(precision in БАЙТЫ, f"неизвестная точность: {precision}")
    проверить(model_params_billions > 0, "размер модели должен быть положительным")
    проверить(lora_rank >= 0, "ранг не может быть отрицательным")
    проверить(lora_target_ratio >= 0, "доля не может быть отрицательной")
    б = БАЙТЫ[precision]
    т = max(б, 2)
    Н = model_params_billions * МИЛЛИАРД
    П = Н * lora_target_ratio * 2 * lora_rank / 4096
    полная = dict(weights=Н * б, gradients=Н * т, optimizer=2 * Н * т)
    лора = dict(weights=Н * б, adapters=П * т, gradients=П * т, optimizer=2 * П * т)
    ответ = {}
    for имя, части in (("full_ft", полная), ("lora", лора)):
        for часть, байт in части.items():
            ответ[f"{имя}_{часть}"] = байт / МИЛЛИАРД
        ответ[f"{имя}_total"] = sum(части.values()) / МИЛЛИАРД
    ответ["memory_savings_ratio"] = ответ["lora_total"] / ответ["full_ft_total"]
    return ответ
