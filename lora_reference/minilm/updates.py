"""What fine-tuning did to the weights: spectra of the updates, and intruder dimensions."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from lora_reference.layers import LoRALayer
from lora_reference.svd import entropy_rank_of, errors_of, singular_values, stable_rank_of

__all__ = ["RANKS", "UpdateFacts", "facts_of", "intruder_dimensions", "updates_of", "weights_of"]

RANKS = (1, 4, 16, 64, 128)


@dataclass(frozen=True)
class UpdateFacts:
    """One layer's update, beside a random matrix of the same shape and norm."""

    layer: str
    norm: float  # of the update, as a share of the pretrained weight's
    stable_rank: float
    entropy_rank: float
    errors: dict[int, float]  # what the best approximation of each rank lacks
    random_stable_rank: float
    random_errors: dict[int, float]
    intruders: int


def weights_of(model: nn.Module) -> dict[str, Tensor]:
    """The weight of each linear layer of the encoder's blocks as it computes now, adapters included; (out, in)."""
    weights = {}
    for name, module in model.named_modules():
        plain = name.removesuffix(".original_layer")
        if isinstance(module, LoRALayer):
            weights[plain] = (module.pretrained_weight + module.delta_weight()).detach().clone()
        elif isinstance(module, nn.Linear) and ".layer." in name and plain not in weights:
            weights[plain] = module.weight.detach().clone()
    return weights


def updates_of(before: dict[str, Tensor], after: dict[str, Tensor]) -> dict[str, Tensor]:
    """after - before, layer by layer."""
    return {name: after[name] - before[name] for name in before}


def facts_of(before: dict[str, Tensor], after: dict[str, Tensor], seed: int = 0) -> list[UpdateFacts]:
    """The spectrum of each layer's update, a random matrix beside it, and intruders among its new directions."""
    generator = torch.Generator().manual_seed(seed)
    found = []
    for name, update in updates_of(before, after).items():
        s = singular_values(update)  # (k,)
        noise = singular_values(torch.randn(update.shape, generator=generator))  # (k,)
        found.append(
            UpdateFacts(
                layer=name,
                norm=float(update.norm() / before[name].norm()),
                stable_rank=stable_rank_of(s),
                entropy_rank=entropy_rank_of(s),
                errors=errors_of(s, RANKS),
                random_stable_rank=stable_rank_of(noise),
                random_errors=errors_of(noise, RANKS),
                intruders=intruder_dimensions(before[name], after[name]),
            )
        )
    return found


def intruder_dimensions(before: Tensor, after: Tensor, top: int = 10, threshold: float = 0.5) -> int:
    """How many of the `top` left singular vectors of W' resemble none of W's: max_j |u'_i . u_j| < threshold.

    Source: Shuttleworth et al. 2024, arXiv 2410.21228, section 3 and Algorithm 1.
    """
    old = torch.linalg.svd(before, full_matrices=False)[0]  # (out, k)
    new = torch.linalg.svd(after, full_matrices=False)[0][:, :top]  # (out, top)
    return int(((new.T @ old).abs().amax(dim=1) < threshold).sum())
