# unusual: from Keras, the name is an instance of a layer-like class with build() and call(), precisions are classes registered by a metaclass; calling it is what the contract asks for
class RegisteredPrecision(type):
    registry = {}

    def __new__(mcls, name, bases, ns, **kw):
        cls = super().__new__(mcls, name, bases, ns)
        if bases:
            mcls.registry[name.lower()] = cls
        return cls

    def __init__(cls, name, bases, ns, **kw):
        super().__init__(name, bases, ns)

    @property
    def train_bytes(cls):
        return cls.stored_bytes if cls.trainable and cls.stored_bytes > 2 else 2


class Precision(metaclass=RegisteredPrecision):
    stored_bytes = None
    trainable = True


class Float32(Precision):
    stored_bytes = 4


class Float16(Precision):
    stored_bytes = 2


class BFloat16(Precision):
    stored_bytes = 2


class Int8(Precision):
    stored_bytes, trainable = 1, False


class Int4(Precision):
    stored_bytes, trainable = 1 / 2, False


class Layer:
    def __call__(self, *args, **kwargs):
        return self.call(**self.build(*args, **kwargs))


class MemoryLayer(Layer):
    def __init__(self, units=4096, name="memory"):
        self.units = units
        self.name = name

    def build(self, model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
        if precision not in RegisteredPrecision.registry:
            raise ValueError(f"Layer {self.name!r}: unknown precision {precision!r}")
        if model_params_billions <= 0 or lora_rank < 0 or lora_target_ratio < 0:
            raise ValueError(f"Layer {self.name!r}: arguments out of range")
        n = 1e9 * model_params_billions
        return {
            "n": n,
            "p": n * lora_target_ratio * 2 * lora_rank / self.units,
            "kind": RegisteredPrecision.registry[precision],
        }

    def call(self, n, p, kind):
        b, t = kind.stored_bytes, kind.train_bytes
        outputs = {
            "full_ft_weights": n * b / 1e9,
            "full_ft_gradients": n * t / 1e9,
            "full_ft_optimizer": 2 * n * t / 1e9,
            "lora_weights": n * b / 1e9,
            "lora_adapters": p * t / 1e9,
            "lora_gradients": p * t / 1e9,
            "lora_optimizer": 2 * p * t / 1e9,
        }
        for prefix in ("full_ft", "lora"):
            outputs[prefix + "_total"] = sum(v for k, v in list(outputs.items()) if k.startswith(prefix))
        outputs["memory_savings_ratio"] = outputs["lora_total"] / outputs["full_ft_total"]
        return outputs


calculate_memory_requirements = MemoryLayer()
