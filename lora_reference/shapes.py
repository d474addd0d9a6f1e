"""The shapes of real models: how many parameters they have, and how many their adapters."""

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["LLAMA_7B", "LLAMA_13B", "LLAMA_70B", "ModelShape", "adapter_parameters"]

ATTENTION = ("q_proj", "k_proj", "v_proj", "o_proj")
ALL_LINEAR = (*ATTENTION, "gate_proj", "up_proj", "down_proj")


@dataclass(frozen=True)
class ModelShape:
    """A decoder of Llama's kind, by the fields of its configuration."""

    hidden_size: int
    intermediate_size: int
    num_hidden_layers: int
    num_attention_heads: int
    num_key_value_heads: int
    vocab_size: int = 32000

    @property
    def layers(self) -> dict[str, tuple[int, int]]:
        """(in, out) of each linear layer of a block."""
        d, wide = self.hidden_size, self.intermediate_size
        kv = d // self.num_attention_heads * self.num_key_value_heads  # grouped queries share keys and values
        return {
            "q_proj": (d, d), "k_proj": (d, kv), "v_proj": (d, kv), "o_proj": (d, d),
            "gate_proj": (d, wide), "up_proj": (d, wide), "down_proj": (wide, d),
        }  # fmt: skip

    @property
    def parameters(self) -> int:
        """Parameters of the whole model: blocks with two norms each, embedding, head and last norm."""
        d = self.hidden_size
        block = sum(d_in * d_out for d_in, d_out in self.layers.values()) + 2 * d
        return self.num_hidden_layers * block + 2 * self.vocab_size * d + d


# The configurations published with Llama 2, arXiv 2307.09288.
LLAMA_7B = ModelShape(4096, 11008, 32, 32, 32)
LLAMA_13B = ModelShape(5120, 13824, 40, 40, 40)
LLAMA_70B = ModelShape(8192, 28672, 80, 64, 8)


def adapter_parameters(shape: ModelShape, rank: int, targets: Sequence[str] = ATTENTION) -> int:
    """Parameters of LoRA adapters of rank r on these layers of every block: the sum of r (in + out).

    Source: LoRA, arXiv 2106.09685, section 4.2. Raises ValueError for a target that the blocks do not have.
    """
    for target in targets:
        if target not in shape.layers:
            raise ValueError(f"target {target!r}, should be one of {', '.join(shape.layers)}")
    return shape.num_hidden_layers * sum(rank * sum(shape.layers[target]) for target in targets)
