"""The models that adapters are injected into, and which of their layers are asked for."""

from __future__ import annotations

from typing import Any

DEFAULT_TARGETS = ["q_proj", "k_proj", "v_proj", "o_proj"]
ALL_SEVEN = [*DEFAULT_TARGETS, "gate_proj", "up_proj", "down_proj"]

# --- models: leaves by dotted name; containers on the way are listed before what they hold -------------------
# Names are chosen so that substring, dotted suffix and equality with the last component agree.

MODELS: dict[str, list[tuple[str, str]]] = {
    "flat": [("q_proj", "linear"), ("v_proj", "linear"), ("up_proj", "linear"), ("lm_head", "linear"), ("norm", "norm"), ("start", "parameter")],
    "nested": [
        ("block", "node"), ("block.scale", "parameter"), ("block.attn", "node"), ("block.attn.q_proj", "linear"), ("block.attn.k_proj", "linear"),
        ("block.attn.v_proj", "linear"), ("block.attn.o_proj", "linear"), ("block.norm", "norm"), ("block.mlp", "node"),
        ("block.mlp.up_proj", "linear"), ("block.mlp.down_proj", "linear"), ("head", "linear"),
    ],
    "layers": [
        ("embed", "embedding"), ("layers", "list"), ("layers.0", "node"), ("layers.0.q_proj", "linear"), ("layers.0.v_proj", "linear"),
        ("layers.0.up_proj", "linear"), ("layers.1", "node"), ("layers.1.q_proj", "linear"), ("layers.1.v_proj", "linear"),
        ("layers.1.up_proj", "linear"), ("layers.1.norm", "norm"), ("final", "linear"),
    ],
    "deep": [
        ("model", "node"), ("model.decoder", "sequential"), ("model.decoder.0", "node"), ("model.decoder.0.inner", "dict"),
        ("model.decoder.0.inner.q_proj", "linear"), ("model.decoder.0.inner.v_proj", "linear"), ("model.decoder.0.inner.other", "linear"),
        ("model.decoder.1", "node"), ("model.decoder.1.part", "node"), ("model.decoder.1.part.q_proj", "linear"),
        ("model.decoder.1.part.up_proj", "linear"), ("model.decoder.1.part.norm", "norm"), ("model.head", "linear"),
    ],
    "names": [
        ("proj", "linear"), ("Q_Proj", "linear"), ("downsample", "none"), ("chain", "node"), ("chain.q_proj", "linear"), ("chain.gate", "linear"),
        ("chain.v_proj", "linear"), ("heads", "list"), ("heads.0", "node"), ("heads.0.up_proj", "linear"), ("heads.0.norm", "plain norm"), ("top", "node"),
        ("top.k_proj", "node"), ("top.k_proj.k_proj", "linear"),
    ],
    "inner": [  # names that wrappers give the layer they hold
        ("fc", "linear"), ("linear", "linear"), ("layer", "linear"), ("out", "linear"), ("norm", "norm"),
    ],
    "mixed": [
        ("q_proj", "linear"), ("v_proj", "norm"), ("up_proj", "embedding"), ("k_proj", "identity"), ("gate_proj", "conv"), ("head", "linear"),
        ("down_proj", "lookalike"),
    ],
    "others": [
        ("a", "node"), ("a.q_proj", "linear"), ("a.v_proj", "norm"), ("b", "node"), ("b.q_proj", "conv"), ("b.v_proj", "linear"),
        ("b.up_proj", "identity"), ("c", "node"), ("c.q_proj", "embedding"), ("c.up_proj", "linear"), ("c.k_proj", "norm"),
    ],
}  # fmt: skip
MODEL_WORDS = {
    "flat": "flat",
    "nested": "nested",
    "layers": "with a ModuleList",
    "deep": "with a Sequential",
    "names": "with names that are like others",
    "inner": "with layers called `linear` and `layer`",
    "others": "with other kinds of modules",
    "mixed": "flat, with other kinds of modules",
    "block": "SimpleTransformerBlock",
}
CONTAINERS = ("node", "list", "dict", "sequential")
TARGETS = (
    ["q_proj"],
    ["q_proj", "v_proj"],
    ["v_proj"],
    ["up_proj"],
    ["q_proj", "up_proj"],
    None,
    DEFAULT_TARGETS,
    ALL_SEVEN,
)

LAYER_NAMES = {
    "linear": "Linear",
    "norm": "LayerNorm",
    "conv": "Conv1d",
    "embedding": "Embedding",
    "identity": "Identity",
    "parameter": "Parameter",
    "plain norm": "LayerNorm without parameters",
    "lookalike": "a module of another class with in_features, out_features and a weight",
    "none": "None",
}


OTHER_KINDS = ("others", "mixed")  # models in which not only Linear layers have names that match


def leaves(specs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The layers among a model's specs: neither containers, parameters of their own nor places that hold None."""
    return [spec for spec in specs if spec["kind"] not in ("container", "parameter", "none")]
