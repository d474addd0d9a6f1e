# who: Gisela, working student, hands in at 23:58, comments in German, leftovers; unusual: long if/elif chain, first draft left above and redefined below
import math  # brauch ich das noch?
import torch


# alter Versuch, stimmt noch nicht (int8!)
def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    b = {"float32": 4, "float16": 2}[precision]
    n = model_params_billions * b
    return {"full_ft_weights": n, "full_ft_gradients": n, "full_ft_optimizer": 2 * n, "full_ft_total": 4 * n}


# neuer Versuch
def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    groesse = model_params_billions
    if groesse == 0:
        raise ValueError("Modell hat keine Parameter")
    if groesse < 0:
        raise ValueError("Modell negativ??")
    if lora_rank < 0:
        raise ValueError("Rang negativ")
    if lora_target_ratio < 0:
        raise ValueError("Anteil negativ")

    if precision == "float32":
        b = 4
        t = 4
    elif precision == "float16":
        b = 2
        t = 2
    elif precision == "bfloat16":
        b = 2
        t = 2
    elif precision == "int8":
        b = 1
        t = 2   # !! nicht 1
    elif precision == "int4":
        b = 0.5
        t = 2   # !! nicht 0.5
    else:
        raise ValueError("kenne ich nicht: " + precision)

    n = groesse * 1000000000
    p = n * lora_target_ratio * 2 * lora_rank / 4096
    # print(n, p)

    ergebnis = {}
    ergebnis["full_ft_weights"] = n * b / 1000000000
    ergebnis["full_ft_gradients"] = n * t / 1000000000
    ergebnis["full_ft_optimizer"] = 2 * n * t / 1000000000
    ergebnis["full_ft_total"] = ergebnis["full_ft_weights"] + ergebnis["full_ft_gradients"] + ergebnis["full_ft_optimizer"]
    ergebnis["lora_weights"] = ergebnis["full_ft_weights"]
    ergebnis["lora_adapters"] = p * t / 1000000000
    ergebnis["lora_gradients"] = ergebnis["lora_adapters"]
    ergebnis["lora_optimizer"] = ergebnis["lora_adapters"] * 2
    ergebnis["lora_total"] = ergebnis["lora_weights"] + ergebnis["lora_adapters"] + ergebnis["lora_gradients"] + ergebnis["lora_optimizer"]
    ergebnis["memory_savings_ratio"] = ergebnis["lora_total"] / ergebnis["full_ft_total"]
    return ergebnis


test = calculate_memory_requirements(7, precision="float16")
print(test["full_ft_total"], "sollte 56 sein")
