"""Adapters on disk in PEFT's format: `adapter_config.json` and `adapter_model.safetensors`."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from lora_reference.dora import DoRALayer
from lora_reference.layers import LoRALayer
from lora_reference.qlora import QLoRALayer
from lora_reference.safetensors_file import read_tensors, write_tensors

__all__ = ["CheckpointError", "load_adapter", "save_adapter"]

CONFIG, TENSORS = "adapter_config.json", "adapter_model.safetensors"
PREFIX = "base_model.model."


class CheckpointError(ValueError):
    """A checkpoint that does not fit: the message names the file, the tensor or the field."""


def save_adapter(model: nn.Module, directory: str | Path, base_model: str | None = None) -> None:
    """Write the adapters of a model with LoRA or DoRA layers so that PEFT's `PeftModel.from_pretrained` loads them.

    Tensors are named `base_model.model.<layer>.lora_A.weight` (rank, in), `.lora_B.weight` (out, rank),
    `.lora_magnitude_vector` (out,), and `.base_layer.bias` (out,) for biases that train. `base_model` is what the
    configuration calls the model below. Merged layers are saved as their factors.

    Raises CheckpointError where the model holds no adapters, or adapters that one PEFT configuration cannot say:
    LoRA beside DoRA, several scalings of one rank, or several dropouts.
    """
    layers = adapters_of(model)
    if not layers:
        raise CheckpointError("the model holds no LoRA layers: call add_lora_to_model first")
    folder = Path(directory)
    config = configuration(layers, base_model)
    folder.mkdir(parents=True, exist_ok=True)
    write_tensors(folder / TENSORS, {key: value.detach().cpu() for key, value in tensors_of(layers).items()})
    (folder / CONFIG).write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")


def load_adapter(model: nn.Module, directory: str | Path) -> nn.Module:
    """Put a checkpoint of PEFT's, or of `save_adapter`, into the adapters of a model, and return the model.

    The model has its LoRA or DoRA layers already, on the checkpoint's layers and of its rank; values are copied in
    the layers' own dtype, on their device, and alpha and its scaling are taken from the checkpoint. Nothing is
    changed where anything does not fit: PEFT would only warn of a missing tensor, and leave the factor as drawn.

    Raises CheckpointError for a file that is missing or no PEFT LoRA checkpoint, a tensor that is missing or
    belongs to no layer (a wrong prefix, say), another shape, LoRA in place of DoRA, and merged layers.
    """
    folder = Path(directory)
    config, found = read_config(folder / CONFIG), read_tensors_of(folder / TENSORS)
    layers = adapters_of(model)
    if config.get("use_dora", False) != any(isinstance(layer, DoRALayer) for layer in layers.values()):
        kind = "DoRA" if config.get("use_dora", False) else "LoRA"
        raise CheckpointError(f"{CONFIG} is of {kind} layers, the model's are of another kind")
    merged = [name for name, layer in layers.items() if layer.merged]
    if merged:
        raise CheckpointError(f"layer {merged[0]!r} is merged: call unmerge_weights() first")
    check_tensors(found, tensors_of(layers, biases=config.get("bias", "none") != "none"))
    with torch.no_grad():
        for key, target in tensors_of(layers, biases=config.get("bias", "none") != "none").items():
            target.copy_(found[key])
    for name, layer in layers.items():
        layer.alpha = of_layer(config, "alpha_pattern", name, config.get("lora_alpha", 8))
        layer.scaling = layer.alpha / (layer.rank**0.5 if config.get("use_rslora") else layer.rank)
    return model


def adapters_of(model: nn.Module) -> dict[str, LoRALayer]:
    """The model's LoRA and DoRA layers by name."""
    return {name: module for name, module in model.named_modules() if isinstance(module, LoRALayer)}


def tensors_of(layers: Mapping[str, LoRALayer], biases: bool | None = None) -> dict[str, Tensor]:
    """What a checkpoint holds, by PEFT's keys: the layers' own tensors. `biases` None: all of them as soon as one trains."""
    tensors: dict[str, Tensor] = {}
    bases = {
        name: layer.base if isinstance(layer, QLoRALayer) else layer.original_layer
        for name, layer in layers.items()
    }
    if biases is None:
        biases = any(base.bias is not None and base.bias.requires_grad for base in bases.values())
    for name, layer in layers.items():
        key = f"{PREFIX}{name}"
        tensors[f"{key}.lora_A.weight"] = layer.lora_A
        tensors[f"{key}.lora_B.weight"] = layer.lora_B
        if isinstance(layer, DoRALayer):
            tensors[f"{key}.lora_magnitude_vector"] = layer.lora_magnitude
        if biases and bases[name].bias is not None:
            tensors[f"{key}.base_layer.bias"] = bases[name].bias
    return tensors


def configuration(layers: Mapping[str, LoRALayer], base_model: str | None) -> dict[str, Any]:
    """PEFT's LoraConfig for these layers: the commonest rank and alpha, and patterns for the others."""
    kinds = {isinstance(layer, DoRALayer) for layer in layers.values()}
    stabilized = {layer.use_rslora for layer in layers.values()}
    dropouts = {layer.dropout.p for layer in layers.values()}
    for what, values in (("LoRA and DoRA layers", kinds), ("scalings", stabilized), ("dropouts", dropouts)):
        if len(values) > 1:
            raise CheckpointError(f"the model mixes {what}, which one PEFT configuration cannot say")
    ranks, alphas = ([getattr(layer, key) for layer in layers.values()] for key in ("rank", "alpha"))
    rank, alpha = (max(values, key=values.count) for values in (ranks, alphas))
    trained = any(key.endswith(".bias") for key in tensors_of(layers))
    return {
        "peft_type": "LORA", "task_type": None, "base_model_name_or_path": base_model, "inference_mode": True,
        "r": rank, "lora_alpha": alpha, "lora_dropout": dropouts.pop(), "bias": "lora_only" if trained else "none",
        "target_modules": sorted(layers), "fan_in_fan_out": False, "init_lora_weights": True,
        "use_rslora": stabilized.pop(), "use_dora": kinds.pop(),
        "rank_pattern": {name: layer.rank for name, layer in layers.items() if layer.rank != rank},
        "alpha_pattern": {name: layer.alpha for name, layer in layers.items() if layer.alpha != alpha},
    }  # fmt: skip


def of_layer(config: Mapping[str, Any], pattern: str, name: str, otherwise: Any) -> Any:
    """A layer's own rank or alpha: that of the first key which its name equals or ends in."""
    for key, value in (config.get(pattern) or {}).items():
        if name == key or name.endswith(f".{key}"):
            return value
    return otherwise


def read_config(path: Path) -> dict[str, Any]:
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CheckpointError(f"{path} does not exist: give the folder that holds {CONFIG}") from None
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{path} could not be read as JSON: {error}") from None
    if not isinstance(config, dict) or config.get("peft_type") != "LORA":
        raise CheckpointError(f'{path} has no "peft_type": "LORA"')
    return config


def read_tensors_of(path: Path) -> dict[str, Tensor]:
    if not path.exists():
        raise CheckpointError(f"{path} does not exist (only safetensors are read, no pickled .bin)")
    try:
        return read_tensors(path)
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{path} could not be read: {error}") from error


def check_tensors(found: Mapping[str, Tensor], wanted: Mapping[str, Tensor]) -> None:
    """Every tensor has its place and its shape, else CheckpointError."""
    strange = [key for key in found if key not in wanted]
    missing = [key for key in wanted if key not in found]
    if strange and not strange[0].startswith(PREFIX):
        raise CheckpointError(
            f"tensor {strange[0]!r} has another prefix, should be {PREFIX}<layer>.lora_A.weight"
        )
    if missing:
        raise CheckpointError(
            f"{TENSORS} lacks {missing[0]!r}" + (f"; it has {strange[0]!r}" if strange else "")
        )
    if strange:
        raise CheckpointError(f"tensor {strange[0]!r} belongs to no adapter of the model")
    for key, tensor in found.items():
        if tensor.shape != wanted[key].shape:
            raise CheckpointError(
                f"{key!r} has shape {tuple(tensor.shape)}, should be {tuple(wanted[key].shape)}"
            )
