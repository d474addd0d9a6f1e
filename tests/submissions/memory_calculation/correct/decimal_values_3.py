# unusual: an accountant's version, every value is a decimal.Decimal (a real number type, 50 digits, unrounded); float(value) is the contract's number
import decimal
from decimal import Decimal as D

_CTX = decimal.Context(prec=50)
_TABLE = """
float32   4
float16   2
bfloat16  2
int8      1
int4      0.5
"""
_BYTES = {name: D(size) for name, size in (line.split() for line in _TABLE.strip().splitlines())}


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    with decimal.localcontext(_CTX):
        try:
            b = _BYTES[precision]
        except KeyError:
            raise ValueError(f"unknown precision {precision!r}") from None
        billions = D(float(model_params_billions))
        rank = D(float(lora_rank))
        share = D(float(lora_target_ratio))
        if billions <= 0:
            raise ValueError("model_params_billions must be > 0")
        if rank.is_signed() and rank != 0:
            raise ValueError("lora_rank must not be negative")
        if share.is_signed() and share != 0:
            raise ValueError("lora_target_ratio must not be negative")
        t = max(b, D(2))
        adapters = billions * share * 2 * rank / D(4096)  # in billions: x 1e9 / 1e9 cancels
        ledger = {
            "full_ft_weights": billions * b,
            "full_ft_gradients": billions * t,
            "full_ft_optimizer": D(2) * billions * t,
        }
        ledger["full_ft_total"] = sum(ledger.values(), D(0))
        ledger["lora_weights"] = billions * b
        ledger["lora_adapters"] = ledger["lora_gradients"] = adapters * t
        ledger["lora_optimizer"] = 2 * adapters * t
        ledger["lora_total"] = (
            ledger["lora_weights"] + ledger["lora_adapters"] + ledger["lora_gradients"] + ledger["lora_optimizer"]
        )
        ledger["memory_savings_ratio"] = ledger["lora_total"] / ledger["full_ft_total"]
        return ledger
