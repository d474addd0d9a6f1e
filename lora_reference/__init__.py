"""The teaching library and the oracle: LoRA, where to put it, what it costs, and 4-bit weights."""

from lora_reference.checkpoint import CheckpointError, load_adapter, save_adapter
from lora_reference.compare import TargetResult, compare_target_modules
from lora_reference.dora import DoRALayer
from lora_reference.inject import add_lora_to_model
from lora_reference.lab import SimpleTransformerBlock, generate_synthetic_data
from lora_reference.layers import LoRALayer
from lora_reference.memory import calculate_memory_requirements
from lora_reference.nf4 import NF4_LEVELS, bits_per_weight, dequantize_nf4, quantize_nf4
from lora_reference.numpy_layer import LoRALayerNumPy
from lora_reference.planted import PlantedTask, RankResult, planted_task, sweep_ranks
from lora_reference.qlora import NF4Linear, QLoRALayer
from lora_reference.shapes import LLAMA_7B, LLAMA_13B, LLAMA_70B, ModelShape, adapter_parameters
from lora_reference.storage import DoubleQuantized, double_dequantize, double_quantize, pack_nf4, unpack_nf4
from lora_reference.svd import entropy_rank, low_rank_approximation, reconstruction_errors, stable_rank
from lora_reference.training import TrainingHistory, train

__all__ = [
    "LLAMA_7B",
    "LLAMA_13B",
    "LLAMA_70B",
    "NF4_LEVELS",
    "CheckpointError",
    "DoRALayer",
    "DoubleQuantized",
    "LoRALayer",
    "LoRALayerNumPy",
    "ModelShape",
    "NF4Linear",
    "PlantedTask",
    "QLoRALayer",
    "RankResult",
    "SimpleTransformerBlock",
    "TargetResult",
    "TrainingHistory",
    "adapter_parameters",
    "add_lora_to_model",
    "bits_per_weight",
    "calculate_memory_requirements",
    "compare_target_modules",
    "dequantize_nf4",
    "double_dequantize",
    "double_quantize",
    "entropy_rank",
    "generate_synthetic_data",
    "load_adapter",
    "low_rank_approximation",
    "pack_nf4",
    "planted_task",
    "quantize_nf4",
    "reconstruction_errors",
    "save_adapter",
    "stable_rank",
    "sweep_ranks",
    "train",
    "unpack_nf4",
]
