# who: enterprise Java architect, interfaces, factories, dataclasses; unusual: strategy objects and builder, entry from dataclasses.asdict
from __future__ import annotations

import abc
import dataclasses
import logging
import typing as tp

import torch
from torch import nn

from lab import LoRALayer, SimpleTransformerBlock, generate_synthetic_data

logger = logging.getLogger(__name__)


class NameMatcher(abc.ABC):
    @abc.abstractmethod
    def matches(self, dottedName: str) -> bool: ...


@dataclasses.dataclass(frozen=True)
class SuffixNameMatcher(NameMatcher):
    patterns: tuple[str, ...]

    def matches(self, dottedName: str) -> bool:
        parts = dottedName.split(".")
        for pattern in self.patterns:
            wanted = pattern.split(".")
            if parts[-len(wanted):] == wanted:
                return True
        return False


@dataclasses.dataclass(frozen=True)
class LoRAConfiguration:
    rank: int = 8
    alpha: float = 16.0
    targetModules: tp.Optional[tuple[str, ...]] = None

    DEFAULT_TARGETS: tp.ClassVar[tuple[str, ...]] = ("q_proj", "k_proj", "v_proj", "o_proj")

    def createMatcher(self) -> NameMatcher:
        if self.targetModules is None:
            return SuffixNameMatcher(self.DEFAULT_TARGETS)
        return SuffixNameMatcher(self.targetModules)


class LoRAInjectionService:
    def __init__(self, configuration: LoRAConfiguration) -> None:
        self._configuration = configuration
        self._matcher = configuration.createMatcher()

    def inject(self, model: nn.Module) -> nn.Module:
        self._freeze(model)
        for dottedName in self._findTargets(model):
            self._replace(model, dottedName)
        return model

    @staticmethod
    def _freeze(model: nn.Module) -> None:
        for parameter in model.parameters():
            parameter.requires_grad_(False)

    def _findTargets(self, model: nn.Module) -> list[str]:
        return [n for n, m in model.named_modules() if isinstance(m, nn.Linear) and self._matcher.matches(n)]

    def _replace(self, model: nn.Module, dottedName: str) -> None:
        parentName, _, childName = dottedName.rpartition(".")
        parent = model.get_submodule(parentName) if parentName else model
        layer = LoRALayer(getattr(parent, childName), self._configuration.rank, self._configuration.alpha)
        setattr(parent, childName, layer)
        logger.debug("Replaced %s", dottedName)


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    targets = None if target_modules is None else tuple(target_modules)
    return LoRAInjectionService(LoRAConfiguration(rank, alpha, targets)).inject(model)


@dataclasses.dataclass
class TrainingResult:
    target_modules: list[str]
    trainable_params: int = 0
    losses: list[float] = dataclasses.field(default_factory=list)

    def toDictionary(self) -> dict[str, tp.Any]:
        return {**dataclasses.asdict(self), "final_loss": self.losses[-1] if self.losses else float("nan")}


class TrainingFacade:
    RANDOM_SEED: tp.Final = 31337

    def execute(self, targets: list[str], epochs: int) -> TrainingResult:
        torch.manual_seed(self.RANDOM_SEED)
        block = SimpleTransformerBlock()
        inputs, outputs = generate_synthetic_data()
        add_lora_to_model_selective(block, 8, 16, targets)
        result = TrainingResult(list(targets))
        trainable = [p for p in block.parameters() if p.requires_grad]
        result.trainable_params = sum(p.numel() for p in trainable)
        optimizer = torch.optim.AdamW(trainable, lr=1e-3)
        criterion = nn.SmoothL1Loss()
        for epoch in range(epochs):
            optimizer.zero_grad()
            loss = criterion(block(inputs), outputs)
            loss.backward()
            optimizer.step()
            result.losses.append(loss.item())
        return result


def compare_target_modules(target_configs, n_epochs=50):
    facade = TrainingFacade()
    return {"+".join(targets): facade.execute(targets, n_epochs).toDictionary() for targets in target_configs}


if __name__ == "__main__":
    logging.basicConfig(level=logging.DEBUG)
    print(compare_target_modules([["q_proj"], ["v_proj"]], 3))
