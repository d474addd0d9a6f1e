# who: German electrical engineer, PhD student, German names, recursive thinker; unusual: recursion over named_children with equality of the last name, losses measured after each epoch
"""Aufgabe 2. Abgabe von K. Baer."""
from __future__ import annotations

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

from lab import LoRALayer, SimpleTransformerBlock, generate_synthetic_data

STANDARDZIELE = ("q_proj", "k_proj", "v_proj", "o_proj")
SAATKORN = 1234


def _ersetze(elternteil: nn.Module, rang: int, alpha: float, ziele: frozenset[str]) -> int:
    """Steigt rekursiv ab. Liefert die Anzahl der ersetzten Schichten."""
    anzahl = 0
    for name, kind in list(elternteil.named_children()):
        if isinstance(kind, nn.Linear):
            if name in ziele:
                elternteil.add_module(name, LoRALayer(kind, rank=rang, alpha=alpha))
                anzahl += 1
        else:
            anzahl += _ersetze(kind, rang, alpha, ziele)
    return anzahl


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    model.requires_grad_(False)
    ziele = STANDARDZIELE if target_modules is None else target_modules
    # nur der letzte Namensteil zaehlt
    _ersetze(model, rank, alpha, frozenset(z.rsplit(".", 1)[-1] for z in ziele))
    return model


def _mittlerer_fehler(block, x, y) -> float:
    with torch.no_grad():
        return float(F.mse_loss(block(x), y))


def compare_target_modules(target_configs, n_epochs=50):
    ergebnis = {}
    for ziele in target_configs:
        torch.manual_seed(SAATKORN)
        x, y = generate_synthetic_data(64)
        block = SimpleTransformerBlock()
        block = add_lora_to_model_selective(block, rank=8, alpha=16, target_modules=ziele)
        trainierbar = [p for p in block.parameters() if p.requires_grad]
        lader = DataLoader(TensorDataset(x, y), batch_size=32, shuffle=True,
                           generator=torch.Generator().manual_seed(SAATKORN))
        optimierer = torch.optim.Adam(trainierbar, lr=2e-3)
        verlauf = []
        for _ in range(n_epochs):
            for xb, yb in lader:
                optimierer.zero_grad(set_to_none=True)
                F.mse_loss(block(xb), yb).backward()
                optimierer.step()
            verlauf.append(_mittlerer_fehler(block, x, y))
        ergebnis["+".join(ziele)] = dict(
            target_modules=list(ziele),
            trainable_params=sum(p.numel() for p in trainierbar),
            losses=verlauf,
            final_loss=verlauf[-1],
        )
    return ergebnis
