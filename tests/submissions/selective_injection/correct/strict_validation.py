# style: defensive: type and value checks, logging, raises when a non-empty list matches nothing at all; set_submodule
import logging
import math
import numbers

import torch
from torch import nn

from lab import LoRALayer, SimpleTransformerBlock, generate_synthetic_data

logger = logging.getLogger(__name__)
logger.addHandler(logging.NullHandler())

DEFAULT_TARGETS = ("q_proj", "k_proj", "v_proj", "o_proj")


class NoTargetFound(ValueError):
    pass


def add_lora_to_model_selective(
    model: nn.Module, rank: int = 8, alpha: float = 16, target_modules: "list[str] | None" = None
) -> nn.Module:
    if not isinstance(model, nn.Module):
        raise TypeError(f"model should be an nn.Module, not {type(model).__name__}")
    if isinstance(model, nn.Linear):
        raise TypeError("a bare nn.Linear cannot be wrapped in place")
    if isinstance(rank, bool) or not isinstance(rank, numbers.Integral) or rank < 1:
        raise ValueError(f"rank should be a positive int, not {rank!r}")
    if not isinstance(alpha, numbers.Real) or not math.isfinite(alpha):
        raise ValueError(f"alpha should be a finite number, not {alpha!r}")
    targets = DEFAULT_TARGETS if target_modules is None else tuple(target_modules)
    if isinstance(target_modules, str) or not all(isinstance(t, str) and t for t in targets):
        raise TypeError("target_modules should be a list of names")

    hits = {}
    for name, module in model.named_modules():
        if name.rpartition(".")[2] not in targets:
            continue
        if isinstance(module, nn.Linear):
            hits[name] = module
        else:
            logger.warning("%s is a %s, left alone", name, type(module).__name__)
    if targets and not hits:
        raise NoTargetFound(f"nothing in the model matches {list(targets)}")

    model.requires_grad_(False)
    for name, module in hits.items():
        model.set_submodule(name, LoRALayer(module, rank, alpha))
        logger.info("wrapped %s", name)

    trainable = {n for n, p in model.named_parameters() if p.requires_grad}
    expected = {f"{n}.{f}" for n in hits for f in ("lora_A", "lora_B")}
    assert trainable == expected, trainable ^ expected
    return model


def compare_target_modules(target_configs: "list[list[str]]", n_epochs: int = 50) -> "dict[str, dict]":
    if n_epochs < 1:
        raise ValueError("n_epochs should be at least 1")
    if not target_configs:
        raise ValueError("nothing to compare")
    keys = ["+".join(t) for t in target_configs]
    if len(set(keys)) < len(keys):
        raise ValueError("a configuration is listed twice")
    results = {}
    for key, targets in zip(keys, target_configs, strict=True):
        torch.manual_seed(0)
        model = SimpleTransformerBlock()
        x, y = generate_synthetic_data(64)
        add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=targets)
        frozen = {n: p.clone() for n, p in model.named_parameters() if not p.requires_grad}
        params = [p for p in model.parameters() if p.requires_grad]
        opt = torch.optim.AdamW(params, lr=1e-3)
        losses = []
        for _ in range(n_epochs):
            opt.zero_grad()
            loss = nn.functional.mse_loss(model(x), y)
            if not torch.isfinite(loss):
                raise RuntimeError("training diverged")
            loss.backward()
            opt.step()
            losses.append(loss.item())
        for n, p in model.named_parameters():
            assert n not in frozen or torch.equal(p, frozen[n])
        results[key] = {"target_modules": targets, "trainable_params": sum(p.numel() for p in params),
                        "losses": losses, "final_loss": losses[-1]}
    return results
