# who: Rosa, accountant turned student, money-style decimals; unusual: Decimal under a local context, converted to float at the end, strict about the type of precision
from decimal import Decimal, localcontext


def D(x):
    return Decimal(str(float(x)))


def calculate_memory_requirements(
    model_params_billions: float,
    lora_rank: int = 16,
    lora_target_ratio: float = 0.1,
    precision: str = "float32",
) -> dict[str, float]:
    price_list = {"float32": "4", "float16": "2", "bfloat16": "2", "int8": "1", "int4": "0.5"}
    try:
        b = Decimal(price_list[precision])
    except (KeyError, TypeError):
        raise ValueError(f"{precision!r} is not on the price list {list(price_list)}") from None

    with localcontext() as ctx:
        ctx.prec = 40
        size, rank, share = D(model_params_billions), D(lora_rank), D(lora_target_ratio)
        if size.is_signed() or size.is_zero():
            raise ValueError("size must be above zero")
        for label, value in {"rank": rank, "ratio": share}.items():
            if value < 0:
                raise ValueError(f"{label} is negative: {value}")

        t = b.max(Decimal(2))
        N = size * Decimal(10) ** 9
        P = N * share * 2 * rank / 4096

        ledger = {
            "full_ft": {"weights": N * b, "gradients": N * t, "optimizer": 2 * N * t},
            "lora": {"weights": N * b, "adapters": P * t, "gradients": P * t, "optimizer": 2 * P * t},
        }
        statement = {}
        for account, bookings in ledger.items():
            for item, amount in bookings.items():
                statement[f"{account}_{item}"] = float(amount.scaleb(-9))
            bookings["total"] = sum(bookings.values())
            statement[f"{account}_total"] = float(bookings["total"].scaleb(-9))
        statement["memory_savings_ratio"] = float(ledger["lora"]["total"] / ledger["full_ft"]["total"])
    return statement
