"""LoRA, readable and checked: the lab's library and the graders' oracle."""

from lora_reference.lab import SimpleTransformerBlock, generate_synthetic_data
from lora_reference.memory import calculate_memory_requirements
from lora_reference.nf4 import NF4_LEVELS, dequantize_nf4, quantize_nf4

__all__ = [
    "NF4_LEVELS",
    "SimpleTransformerBlock",
    "calculate_memory_requirements",
    "dequantize_nf4",
    "generate_synthetic_data",
    "quantize_nf4",
]
