"""Checkpoints: PEFT loads ours, we load PEFT's, and what does not fit is named."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from lora_reference import (
    CheckpointError,
    DoRALayer,
    LoRALayer,
    SimpleTransformerBlock,
    add_lora_to_model,
    load_adapter,
    save_adapter,
)

TARGETS = ["q_proj", "v_proj", "down_proj"]
KINDS: dict[str, tuple[type[LoRALayer], dict[str, Any], dict[str, Any]]] = {
    "lora": (LoRALayer, {}, {}),
    "rslora": (LoRALayer, {"use_rslora": True}, {"use_rslora": True}),
    "dora": (DoRALayer, {}, {"use_dora": True}),
}


@pytest.fixture(scope="module")
def peft() -> Any:
    return pytest.importorskip("peft", reason="peft is a development dependency: make setup")


def llama() -> nn.Module:
    """A tiny Llama from a configuration, always the same."""
    transformers = pytest.importorskip("transformers", reason="transformers comes with peft: make setup")
    torch.manual_seed(0)
    config = transformers.LlamaConfig(
        hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2, vocab_size=64
    )  # fmt: skip
    model: nn.Module = transformers.LlamaForCausalLM(config).eval()
    return model


def block() -> nn.Module:
    torch.manual_seed(0)
    return SimpleTransformerBlock(32, 4).eval()


def output(model: nn.Module) -> Tensor:
    """Logits of a sentence, or what the block makes of an input."""
    with torch.no_grad():
        if hasattr(model, "lm_head") or (
            hasattr(model, "peft_config") and hasattr(model.base_model.model, "lm_head")
        ):
            logits: Tensor = model(torch.arange(12)[None]).logits
            return logits
        y: Tensor = model(torch.linspace(-1, 1, 3 * 32).view(1, 3, 32))
        return y


def drawn(model: nn.Module) -> nn.Module:
    """The model with factors and magnitudes that are no longer those of the start."""
    torch.manual_seed(1)
    with torch.no_grad():
        for name, p in model.named_parameters():
            if "lora_" in name:
                p.add_(torch.rand_like(p) * 0.3)
    return model


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("make", [llama, block])
def test_peft_loads_ours(kind: str, make: Any, peft: Any, tmp_path: Path) -> None:
    """The same output to 1e-6, from a model whose adapters change it."""
    layer_class, options, _ = KINDS[kind]
    ours = drawn(add_lora_to_model(make(), 3, 5, TARGETS, layer_class=layer_class, **options))
    save_adapter(ours, tmp_path)
    theirs = peft.PeftModel.from_pretrained(make(), tmp_path).eval()

    torch.testing.assert_close(output(theirs), output(ours), rtol=0, atol=1e-6)
    assert (output(ours) - output(make())).abs().max() > 1e-3


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("make", [llama, block])
def test_we_load_pefts(kind: str, make: Any, peft: Any, tmp_path: Path) -> None:
    """The same output to 1e-6, alpha and scaling taken from the checkpoint."""
    layer_class, _, options = KINDS[kind]
    config = peft.LoraConfig(r=3, lora_alpha=5, target_modules=TARGETS, **options)
    theirs = drawn(peft.get_peft_model(make(), config)).eval()
    theirs.save_pretrained(tmp_path)
    ours = load_adapter(add_lora_to_model(make(), 3, 1, TARGETS, layer_class=layer_class), tmp_path)

    torch.testing.assert_close(output(ours), output(theirs), rtol=0, atol=1e-6)


def test_trained_biases_travel_both_ways(peft: Any, tmp_path: Path) -> None:
    """Biases that train are in the checkpoint, ours and PEFT's."""
    torch.manual_seed(0)
    plain = nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 4))
    ours = add_lora_to_model(copy.deepcopy(plain), 2, 4, ["0", "2"], train_bias=True)
    with torch.no_grad():
        for p in ours.parameters():
            if p.requires_grad:
                p.normal_()
    x = torch.randn(3, 6)
    save_adapter(ours, tmp_path / "ours")
    theirs = peft.PeftModel.from_pretrained(copy.deepcopy(plain), tmp_path / "ours")
    torch.testing.assert_close(theirs(x), ours(x))
    theirs.save_pretrained(tmp_path / "theirs")
    again = load_adapter(
        add_lora_to_model(copy.deepcopy(plain), 2, 4, ["0", "2"], train_bias=True), tmp_path / "theirs"
    )
    torch.testing.assert_close(again(x), ours(x))


def test_biases_of_some_layers_travel(tmp_path: Path) -> None:
    """Where some layers train their bias, our own checkpoint can be loaded again."""
    torch.manual_seed(0)
    plain = nn.Sequential(nn.Linear(6, 5), nn.Linear(5, 4))
    ours, other = (
        nn.Sequential(
            LoRALayer(copy.deepcopy(plain[0]), 2, 4, train_bias=True),
            LoRALayer(copy.deepcopy(plain[1]), 2, 4),
        )
        for _ in range(2)
    )
    with torch.no_grad():
        for p in ours.parameters():
            if p.requires_grad:
                p.normal_()
    save_adapter(ours, tmp_path)
    x = torch.randn(3, 6)
    torch.testing.assert_close(load_adapter(other, tmp_path)(x), ours(x))


def test_ranks_that_differ_are_patterns(peft: Any, tmp_path: Path) -> None:
    """A layer of another rank and alpha is loaded as such."""
    torch.manual_seed(0)
    plain = nn.Sequential(nn.Linear(6, 5), nn.Linear(5, 4), nn.Linear(4, 3))
    ours = copy.deepcopy(plain)
    for name, rank, alpha in (("0", 2, 4), ("1", 3, 9), ("2", 2, 4)):
        ours[int(name)] = LoRALayer(ours[int(name)], rank, alpha)
    drawn(ours)
    save_adapter(ours, tmp_path)
    x = torch.randn(3, 6)
    torch.testing.assert_close(peft.PeftModel.from_pretrained(copy.deepcopy(plain), tmp_path)(x), ours(x))


def changed(folder: Path, tensors: dict[str, Tensor | None], config: dict[str, Any]) -> None:
    """Overwrite parts of a checkpoint; None takes a tensor away."""
    from safetensors.torch import load_file, save_file

    path = folder / "adapter_model.safetensors"
    kept = {**load_file(path), **tensors}
    save_file({key: value for key, value in kept.items() if value is not None}, path)
    text = folder / "adapter_config.json"
    text.write_text(json.dumps({**json.loads(text.read_text()), **config}))


A = "base_model.model.q_proj.lora_A.weight"


@pytest.mark.parametrize(
    ("tensors", "config", "said"),
    [
        ({A: None}, {}, f"lacks '{A}'"),
        ({A: None, "model.q_proj.lora_A.weight": torch.zeros(3, 32)}, {}, "'model.q_proj.lora_A.weight' has another prefix"),
        ({A: torch.zeros(4, 32)}, {}, r"has shape \(4, 32\), should be \(3, 32\)"),
        ({"base_model.model.head.lora_A.weight": torch.zeros(3, 32)}, {}, "belongs to no adapter"),
        ({}, {"peft_type": "LOHA"}, '"peft_type": "LORA"'),
        ({}, {"use_dora": True}, "is of DoRA layers"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_named_and_changes_nothing(
    tensors: dict[str, Tensor | None], config: dict[str, Any], said: str, tmp_path: Path
) -> None:
    """A missing tensor, a wrong prefix, a wrong shape, a stranger, another kind: an error that names it."""
    save_adapter(drawn(add_lora_to_model(block(), 3, 5, TARGETS)), tmp_path)
    changed(tmp_path, tensors, config)
    model = add_lora_to_model(block(), 3, 5, TARGETS)
    before = output(model)
    with pytest.raises(CheckpointError, match=said):
        load_adapter(model, tmp_path)
    assert torch.equal(output(model), before)


def test_folders_and_models_without_adapters_are_refused(tmp_path: Path) -> None:
    """No configuration, no safetensors, no adapters: the message says what to do."""
    model = add_lora_to_model(block(), 3, 5, TARGETS)
    with pytest.raises(CheckpointError, match=r"give the folder that holds adapter_config\.json"):
        load_adapter(model, tmp_path)
    with pytest.raises(CheckpointError, match="call add_lora_to_model first"):
        save_adapter(block(), tmp_path)
    save_adapter(model, tmp_path)
    whole = (tmp_path / "adapter_model.safetensors").read_bytes()
    (tmp_path / "adapter_model.safetensors").write_bytes(whole[:100])
    with pytest.raises(CheckpointError, match="could not be read"):
        load_adapter(model, tmp_path)
    (tmp_path / "adapter_model.safetensors").unlink()
    with pytest.raises(CheckpointError, match=r"no pickled \.bin"):
        load_adapter(model, tmp_path)
