# saved by a Windows editor: byte order mark, CRLF line ends, tabs
BYTES_PER = {
	'float32': 4,
	'float16': 2,
	'bfloat16': 2,
	'int8': 1,
	'int4': 0.5,
}

class LoraMemory():
	def __init__(self, size, rank, ratio, bytesPer):
		self.N = size * 1e9
		self.P = self.N * ratio * 2 * rank / 4096
		self.b = bytesPer
		self.t = max(bytesPer, 2)

	def fullFineTuning(self):
		return [self.N * self.b / 1e9, self.N * self.t / 1e9, 2 * self.N * self.t / 1e9]

	def lora(self):
		return [self.N * self.b / 1e9, self.P * self.t / 1e9, self.P * self.t / 1e9, 2 * self.P * self.t / 1e9]

def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision='float32'):
	if (precision in BYTES_PER) == False:
		raise ValueError('wrong precision')
	if (model_params_billions <= 0):
		raise ValueError('wrong model_params_billions')
	if (lora_rank < 0) or (lora_target_ratio < 0):
		raise ValueError('wrong lora_rank or lora_target_ratio')
	m = LoraMemory(model_params_billions, lora_rank, lora_target_ratio, BYTES_PER[precision])
	result = {}
	names = ['full_ft_weights', 'full_ft_gradients', 'full_ft_optimizer']
	for i in range(len(names)):
		result[names[i]] = m.fullFineTuning()[i]
	result['full_ft_total'] = sum(m.fullFineTuning())
	names = ['lora_weights', 'lora_adapters', 'lora_gradients', 'lora_optimizer']
	for i in range(len(names)):
		result[names[i]] = m.lora()[i]
	result['lora_total'] = sum(m.lora())
	result['memory_savings_ratio'] = result['lora_total'] / result['full_ft_total']
	return result;
