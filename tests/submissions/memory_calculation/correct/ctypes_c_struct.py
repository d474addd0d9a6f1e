# unusual: C in Python, a ctypes struct of doubles filled through a pointer, and error codes (-EINVAL) turned into ValueError at the end; same formulas in double precision
import ctypes
import errno

BYTES_PER_GB = 1000000000.0
D = 4096
NUM_PRECISIONS = 5
PRECISION_NAME = ["float32", "float16", "bfloat16", "int8", "int4"]
HALF_BYTES = (ctypes.c_uint8 * NUM_PRECISIONS)(8, 4, 4, 2, 1)

FIELDS = ["full_ft_weights", "full_ft_gradients", "full_ft_optimizer", "full_ft_total",
	"lora_weights", "lora_adapters", "lora_gradients", "lora_optimizer", "lora_total", "memory_savings_ratio"]

class memory_t(ctypes.Structure):
	_fields_ = [(f, ctypes.c_double) for f in FIELDS]

def memory_calc(out, n, r, ratio, prec):
	i = 0
	while i < NUM_PRECISIONS:
		if PRECISION_NAME[i] == prec:
			break
		i += 1
	if i == NUM_PRECISIONS:
		return -errno.EINVAL;
	if n <= 0 or r < 0 or ratio < 0:
		return -errno.EDOM;
	b = HALF_BYTES[i] / 2.0
	t = b if b > 2.0 else 2.0
	n *= BYTES_PER_GB
	p = n * ratio * 2 * r / D
	m = out.contents
	m.full_ft_weights = n * b / BYTES_PER_GB
	m.full_ft_gradients = n * t / BYTES_PER_GB
	m.full_ft_optimizer = 2 * n * t / BYTES_PER_GB
	m.full_ft_total = m.full_ft_weights; m.full_ft_total += m.full_ft_gradients; m.full_ft_total += m.full_ft_optimizer
	m.lora_weights = n * b / BYTES_PER_GB
	m.lora_adapters = p * t / BYTES_PER_GB
	m.lora_gradients = p * t / BYTES_PER_GB
	m.lora_optimizer = 2 * p * t / BYTES_PER_GB
	m.lora_total = m.lora_weights; m.lora_total += m.lora_adapters; m.lora_total += m.lora_gradients; m.lora_total += m.lora_optimizer
	m.memory_savings_ratio = m.lora_total / m.full_ft_total
	return 0

def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
	m = memory_t()
	rc = memory_calc(ctypes.pointer(m), model_params_billions, lora_rank, lora_target_ratio, precision)
	if rc != 0:
		raise ValueError("memory_calc: rc = %d (%s)" % (rc, errno.errorcode[-rc]))
	return {f: getattr(m, f) for f in FIELDS}
