# -*- coding: latin-1 -*- comments in German, saved as Latin-1 with a coding cookie
# Größe des Modells in Milliarden Parametern; Rückgabe in GB (1e9 Byte)

BYTE_JE_PARAMETER = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 0.5}


def prüfe(größe, rang, anteil, genauigkeit):
    if genauigkeit not in BYTE_JE_PARAMETER:
        raise ValueError(f"unbekannte Präzision: {genauigkeit}")
    if größe <= 0:
        raise ValueError("Modellgröße muss größer als 0 sein")
    if rang < 0 or anteil < 0:
        raise ValueError("Rang und Anteil dürfen nicht negativ sein")


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    prüfe(model_params_billions, lora_rank, lora_target_ratio, precision)
    gewicht = BYTE_JE_PARAMETER[precision]
    training = max(gewicht, 2)
    n = model_params_billions * 1e9
    p = n * lora_target_ratio * 2 * lora_rank / 4096
    ergebnis = {
        "full_ft_weights": n * gewicht / 1e9,
        "full_ft_gradients": n * training / 1e9,
        "full_ft_optimizer": 2 * n * training / 1e9,
        "full_ft_total": (n * gewicht + 3 * n * training) / 1e9,
        "lora_weights": n * gewicht / 1e9,
        "lora_adapters": p * training / 1e9,
        "lora_gradients": p * training / 1e9,
        "lora_optimizer": 2 * p * training / 1e9,
        "lora_total": (n * gewicht + 4 * p * training) / 1e9,
    }
    ergebnis["memory_savings_ratio"] = ergebnis["lora_total"] / ergebnis["full_ft_total"]
    return ergebnis
