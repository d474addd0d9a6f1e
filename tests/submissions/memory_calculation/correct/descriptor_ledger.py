# unusual: each key is a lazy descriptor of a class that collects itself by __set_name__; the result is read out attribute by attribute, with the contract's ten values
class gigabytes:
    """A value in bytes, computed once, shown in GB."""

    def __init__(self, formula):
        self.formula = formula

    def __set_name__(self, owner, name):
        self.name = name
        owner.__dict__.get("_keys").append(name)

    def __get__(self, instance, owner=None):
        if instance is None:
            return self
        value = instance.__dict__[self.name] = self.formula(instance) / self.unit
        return value

    unit = 1e9


class plain(gigabytes):
    unit = 1


class within:
    """A validated attribute."""

    def __init__(self, check, message):
        self.check, self.message = check, message

    def __set_name__(self, owner, name):
        self.slot = "_" + name

    def __get__(self, instance, owner=None):
        return getattr(instance, self.slot)

    def __set__(self, instance, value):
        if not self.check(value):
            raise ValueError(f"{self.slot[1:]} {self.message}, got {value!r}")
        setattr(instance, self.slot, value)


class Ledger:
    _keys = []
    SIZES = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 0.5}

    size = within(lambda v: v > 0, "must be positive")
    rank = within(lambda v: v >= 0, "must not be negative")
    ratio = within(lambda v: v >= 0, "must not be negative")
    precision = within(SIZES.__contains__, "is unknown")

    full_ft_weights = gigabytes(lambda m: m.N * m.b)
    full_ft_gradients = gigabytes(lambda m: m.N * m.t)
    full_ft_optimizer = gigabytes(lambda m: m.N * m.t * 2)
    full_ft_total = plain(lambda m: m.full_ft_weights + m.full_ft_gradients + m.full_ft_optimizer)
    lora_weights = gigabytes(lambda m: m.N * m.b)
    lora_adapters = gigabytes(lambda m: m.P * m.t)
    lora_gradients = gigabytes(lambda m: m.P * m.t)
    lora_optimizer = gigabytes(lambda m: m.P * m.t * 2)
    lora_total = plain(lambda m: m.lora_weights + m.lora_adapters + m.lora_gradients + m.lora_optimizer)
    memory_savings_ratio = plain(lambda m: m.lora_total / m.full_ft_total)

    def __init__(self, size, rank, ratio, precision):
        self.size, self.rank, self.ratio, self.precision = size, rank, ratio, precision

    b = property(lambda m: m.SIZES[m.precision])
    t = property(lambda m: max(m.b, 2))
    N = property(lambda m: m.size * 1e9)
    P = property(lambda m: m.N * m.ratio * 2 * m.rank / 4096)

    def keys(self):
        return reversed(self._keys)

    def __getitem__(self, key):
        return getattr(self, key)


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    return dict(Ledger(model_params_billions, lora_rank, lora_target_ratio, precision))
