# style: over-engineer, dynamic classes by type(), mixin, ParameterDict, registry of policies; attrgetter
import operator
import typing as t
from abc import ABC, abstractmethod
from enum import Enum, auto

import torch
from torch import nn

import lab as given


class Match(Enum):
    SUFFIX = auto()
    LAST = auto()


class Policy(ABC):
    @abstractmethod
    def wants(self, path: str, module: nn.Module) -> bool: ...


class NamePolicy(Policy):
    DEFAULT: t.ClassVar[tuple[str, ...]] = ("q_proj", "k_proj", "v_proj", "o_proj")

    def __init__(self, names: t.Optional[t.Sequence[str]], how: Match = Match.SUFFIX) -> None:
        self.names = self.DEFAULT if names is None else tuple(names)
        self.how = how

    def wants(self, path: str, module: nn.Module) -> bool:
        if not isinstance(module, nn.Linear):
            return False
        if self.how is Match.LAST:
            return path.split(".")[-1] in self.names
        return path.endswith(self.names)


class LoRAMixin:
    _scale: float
    factors: nn.ParameterDict

    def forward(self, x):
        A, B = self.factors["lora_A"], self.factors["lora_B"]
        return super().forward(x) + self._scale * ((x @ A.mT) @ B.mT)


_made: dict[type, type] = {}


def lorafied(cls: type) -> type:
    if cls not in _made:
        _made[cls] = type(f"LoRA{cls.__name__}", (LoRAMixin, cls), {"__module__": __name__})
    return _made[cls]


class Injector:
    def __init__(self, policy: Policy, rank: int, alpha: float) -> None:
        self.policy, self.rank, self.alpha = policy, rank, alpha

    def __call__(self, model: nn.Module) -> nn.Module:
        for p in model.parameters():
            p.requires_grad_(False)
        hits = [path for path, module in model.named_modules() if self.policy.wants(path, module)]
        for path in hits:
            self.upgrade(operator.attrgetter(path)(model))
        return model

    def upgrade(self, layer: nn.Linear) -> None:
        layer.__class__ = lorafied(type(layer))
        layer._scale = self.alpha / self.rank
        layer.factors = nn.ParameterDict()
        layer.factors["lora_A"] = nn.Parameter(nn.init.xavier_normal_(layer.weight.new_empty(self.rank, layer.in_features)))
        layer.factors["lora_B"] = nn.Parameter(layer.weight.new_zeros(layer.out_features, self.rank))


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    return Injector(NamePolicy(target_modules), rank, alpha)(model)


class Experiment:
    seed = 99

    def __init__(self, targets: list[str], n_epochs: int) -> None:
        self.targets, self.n_epochs = targets, n_epochs

    def run(self) -> dict:
        torch.manual_seed(self.seed)
        block = given.SimpleTransformerBlock()
        x, y = given.generate_synthetic_data(n_samples=48)
        block = add_lora_to_model_selective(block, rank=8, alpha=16, target_modules=self.targets)
        live = [p for p in block.parameters() if p.requires_grad]
        optimizer = torch.optim.Adagrad(live, lr=0.01)
        losses = [self.epoch(block, optimizer, x, y) for _ in range(self.n_epochs)]
        return {"target_modules": self.targets, "trainable_params": sum(map(torch.numel, live)),
                "losses": losses, "final_loss": losses[-1]}

    @staticmethod
    def epoch(block, optimizer, x, y) -> float:
        optimizer.zero_grad()
        loss = nn.functional.huber_loss(block(x), y)
        loss.backward()
        optimizer.step()
        return loss.item()


def compare_target_modules(target_configs, n_epochs=50):
    return {"+".join(c): Experiment(c, n_epochs).run() for c in target_configs}
