# who: Uma, wants to see it happen: allocates "tensors" on a pretend GPU; unusual: simulation with an allocator and Adam states, tags summed afterwards, defaultdict
from collections import defaultdict
from contextlib import contextmanager


class FakeGPU:
    """Counts bytes for each tag. Nothing is really allocated."""

    def __init__(self):
        self.used = defaultdict(float)
        self.prefix = ""

    @contextmanager
    def run(self, prefix):
        self.prefix, old = prefix, self.prefix
        try:
            yield self
        finally:
            self.prefix = old

    def alloc(self, tag, numel, itemsize):
        nbytes = numel * itemsize
        self.used[f"{self.prefix}_{tag}"] += nbytes
        self.used[f"{self.prefix}_total"] += nbytes


class FakeParameter:
    def __init__(self, gpu, tag, numel, itemsize, requires_grad=True):
        self.gpu, self.numel, self.itemsize, self.requires_grad = gpu, numel, itemsize, requires_grad
        gpu.alloc(tag, numel, itemsize)

    @property
    def train_itemsize(self):
        # autograd has no integer gradients
        return self.itemsize if self.itemsize >= 2 else 2

    def backward(self):
        if self.requires_grad:
            self.gpu.alloc("gradients", self.numel, self.train_itemsize)


class FakeAdam:
    def __init__(self, params):
        self.params = [p for p in params if p.requires_grad]

    def step(self):
        for p in self.params:
            for _moment in ("exp_avg", "exp_avg_sq"):
                p.gpu.alloc("optimizer", p.numel, p.train_itemsize)


def calculate_memory_requirements(
    model_params_billions: float,
    lora_rank: int = 16,
    lora_target_ratio: float = 0.1,
    precision: str = "float32",
) -> dict[str, float]:
    itemsizes = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 0.5}
    if precision not in itemsizes:
        raise ValueError(f"precision {precision}")
    if model_params_billions <= 0:
        raise ValueError("empty model")
    if lora_rank < 0 or lora_target_ratio < 0:
        raise ValueError("negative adapters")
    size = itemsizes[precision]
    n = model_params_billions * 1e9
    gpu = FakeGPU()

    with gpu.run("full_ft"):
        w = FakeParameter(gpu, "weights", n, size)
        opt = FakeAdam([w])
        w.backward()
        opt.step()

    with gpu.run("lora"):
        w = FakeParameter(gpu, "weights", n, size, requires_grad=False)
        # A and B of all targeted 4096 x 4096 matrices
        matrices = n * lora_target_ratio / 4096**2
        A = FakeParameter(gpu, "adapters", matrices * lora_rank * 4096, max(size, 2))
        B = FakeParameter(gpu, "adapters", matrices * 4096 * lora_rank, max(size, 2))
        opt = FakeAdam([w, A, B])
        for p in (w, A, B):
            p.backward()
        opt.step()

    for tag in list(gpu.used):
        gpu.used[tag] /= 1e9
    gpu.used["memory_savings_ratio"] = gpu.used["lora_total"] / gpu.used["full_ft_total"]
    return gpu.used
