# who: Omar, backend developer, guard clauses everywhere, raises like PEFT when nothing matches; unusual: an empty list returns at once and leaves the flags alone
import logging
from typing import Any, Iterable, Optional

import torch
from torch import nn

from lab import LoRALayer, SimpleTransformerBlock, generate_synthetic_data

log = logging.getLogger("lora")
_ATTENTION = ["q_proj", "k_proj", "v_proj", "o_proj"]


def _linears(model: nn.Module, targets: Iterable[str]):
    targets = tuple(targets)
    for name, module in model.named_modules():
        if name == "" or not isinstance(module, nn.Linear):
            continue
        if name.endswith(targets):
            yield name, module


def add_lora_to_model_selective(
    model: nn.Module,
    rank: int = 8,
    alpha: float = 16,
    target_modules: Optional[list[str]] = None,
) -> nn.Module:
    if not isinstance(model, nn.Module):
        raise TypeError(f"expected nn.Module, got {type(model)!r}")
    if rank < 1:
        raise ValueError("rank must be >= 1")
    if isinstance(target_modules, str):
        raise TypeError("target_modules must be a list of strings")
    if target_modules is None:
        target_modules = _ATTENTION
    if len(target_modules) == 0:
        return model  # explicitly nothing

    found = list(_linears(model, target_modules))
    if not found:
        raise ValueError(f"Target modules {target_modules} not found in the base model.")

    for p in model.parameters():
        p.requires_grad_(False)
    for name, module in found:
        *head, tail = name.split(".")
        parent = model
        for part in head:
            parent = getattr(parent, part)
        setattr(parent, tail, LoRALayer(module, rank=rank, alpha=alpha))
    log.info("injected %d adapters", len(found))
    return model


def compare_target_modules(target_configs: list[list[str]], n_epochs: int = 50) -> dict[str, dict[str, Any]]:
    results: dict[str, dict[str, Any]] = {}
    for targets in target_configs:
        torch.manual_seed(0)
        features, labels = generate_synthetic_data()
        block = add_lora_to_model_selective(SimpleTransformerBlock(), rank=8, alpha=16, target_modules=targets)
        trainable = [p for p in block.parameters() if p.requires_grad]
        optimizer = torch.optim.NAdam(trainable, lr=1e-3)
        block.train()
        losses: list[float] = []
        for epoch in range(1, n_epochs + 1):
            running, seen = 0.0, 0
            for batch_x, batch_y in zip(features.chunk(4), labels.chunk(4)):
                optimizer.zero_grad(set_to_none=True)
                loss = nn.functional.mse_loss(block(batch_x), batch_y)
                loss.backward()
                optimizer.step()
                running += loss.item() * batch_x.size(0)
                seen += batch_x.size(0)
            losses.append(running / seen)
            log.debug("epoch %d loss %.4f", epoch, losses[-1])
        results["+".join(targets)] = {
            "target_modules": targets,
            "trainable_params": sum(p.numel() for p in trainable),
            "losses": losses,
            "final_loss": losses[-1],
        }
    return results
