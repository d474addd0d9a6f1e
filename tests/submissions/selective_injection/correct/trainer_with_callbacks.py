# a Trainer class with callbacks: progress bar on the same line, clipping, recorder of weights; defaultdict as result
import sys
from collections import defaultdict

import torch
from torch import nn

from lab import SimpleTransformerBlock, generate_synthetic_data


class Transparent(nn.Module):
    """Wraps a layer; every attribute that it does not have itself is looked up in the layer."""

    def __init__(self, layer, rank, alpha):
        super().__init__()
        self.layer = layer
        down = torch.empty(rank, layer.in_features).normal_(std=1 / rank)
        self.lora_A = nn.Parameter(down.to(layer.weight))
        self.lora_B = nn.Parameter(torch.zeros(layer.out_features, rank).to(layer.weight))
        self.scaling = alpha / rank

    def __getattr__(self, name):
        try:
            return super().__getattr__(name)
        except AttributeError:
            return getattr(super().__getattr__("layer"), name)

    def forward(self, x):
        return self.layer(x) + (x @ self.lora_A.T) @ (self.scaling * self.lora_B).T


class Injector:
    def __init__(self, rank, alpha, targets):
        self.rank, self.alpha, self.targets = rank, alpha, targets

    def matches(self, name):
        return any(target in name for target in self.targets)

    def __call__(self, model):
        model.requires_grad_(False)
        for name, module in list(model.named_modules()):
            if isinstance(module, nn.Linear) and self.matches(name):
                parent, _, leaf = name.rpartition(".")
                setattr(model.get_submodule(parent), leaf, Transparent(module, self.rank, self.alpha))
        return model


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]
    return Injector(rank, alpha, target_modules)(model)


class Callback:
    def on_fit_begin(self, trainer): ...
    def on_backward_end(self, trainer): ...
    def on_epoch_end(self, trainer): ...
    def on_fit_end(self, trainer): ...


class ProgressBar(Callback):
    def on_epoch_end(self, trainer):
        done = round(30 * trainer.epoch / trainer.n_epochs)
        sys.stderr.write(f"\r{trainer.name:40.40} [{'#' * done}{'.' * (30 - done)}] {trainer.loss:.5f}")

    def on_fit_end(self, trainer):
        sys.stderr.write("\n")


class ClipGradients(Callback):
    def __init__(self, norm):
        self.norm = norm

    def on_backward_end(self, trainer):
        nn.utils.clip_grad_norm_(trainer.params, self.norm)


class History(Callback):
    def on_fit_begin(self, trainer):
        trainer.history = defaultdict(list)

    def on_epoch_end(self, trainer):
        trainer.history["loss"].append(trainer.loss)
        trainer.history["norm"].append(sum(p.detach().norm().item() for p in trainer.params))


class Trainer:
    def __init__(self, name, block, data, callbacks=()):
        self.name, self.block, (self.x, self.y) = name, block, data
        self.params = [p for p in block.parameters() if p.requires_grad]
        self.optimizer = torch.optim.Adam(self.params, lr=1e-3, amsgrad=True)
        self.callbacks = list(callbacks)

    def emit(self, event):
        for callback in self.callbacks:
            getattr(callback, event)(self)

    def fit(self, n_epochs):
        self.n_epochs = n_epochs
        self.emit("on_fit_begin")
        for self.epoch in range(1, n_epochs + 1):
            total = 0.0
            for x, y in zip(self.x.split(8), self.y.split(8)):
                self.optimizer.zero_grad()
                loss = nn.functional.smooth_l1_loss(self.block(x), y, reduction="none").sum(-1).mean()
                loss.backward()
                self.emit("on_backward_end")
                self.optimizer.step()
                total += loss.item()
            self.loss = total
            self.emit("on_epoch_end")
        self.emit("on_fit_end")
        return self.history


def compare_target_modules(target_configs, n_epochs=50):
    results = defaultdict(dict)
    for targets in target_configs:
        key = "+".join(targets)
        torch.manual_seed(0)
        block = add_lora_to_model_selective(SimpleTransformerBlock(), target_modules=targets)
        torch.manual_seed(1)  # again, since the adapters have used up different amounts of random numbers
        data = generate_synthetic_data(n_samples=32)
        trainer = Trainer(key, block, data, [ClipGradients(1.0), History(), ProgressBar()])
        history = trainer.fit(n_epochs)
        results[key].update(
            target_modules=targets,
            trainable_params=sum(p.numel() for p in trainer.params),
            losses=history["loss"],
            final_loss=history["loss"][-1],
            weight_norms=history["norm"],
        )
    return results
