# unusual: Keras style: model.compile / fit / History with callbacks; entries are a dict SUBCLASS with attribute access, result an OrderedDict, many extra keys. A dict subclass is a dict.
from collections import OrderedDict

import torch
from torch import nn

import lab


class Dense(nn.Module):
    """Keras-like name for the wrapped layer."""

    def __init__(self, units_layer, rank, alpha):
        super().__init__()
        self.inner = units_layer
        self.build(units_layer.in_features, units_layer.out_features, rank)
        self.alpha_over_rank = alpha / rank

    def add_weight(self, name, shape, initializer):
        w = torch.empty(shape, dtype=self.inner.weight.dtype, device=self.inner.weight.device)
        self.register_parameter(name, nn.Parameter(initializer(w)))

    def build(self, n_in, n_out, rank):
        self.add_weight("lora_A", (rank, n_in), nn.init.xavier_uniform_)  # glorot_uniform
        self.add_weight("lora_B", (n_out, rank), nn.init.zeros_)

    def call(self, inputs, training=None):
        kernel = torch.matmul(self.lora_A.t(), self.lora_B.t())  # (in, out), as in Keras
        return self.inner(inputs) + torch.matmul(inputs, kernel) * self.alpha_over_rank

    forward = call


class History(dict):
    __getattr__ = dict.__getitem__


class Callback:
    def on_epoch_end(self, epoch, logs): ...


class LossCollector(Callback):
    def __init__(self):
        self.values = []

    def on_epoch_end(self, epoch, logs):
        self.values.append(logs["loss"])


class KerasModel:
    def __init__(self, net):
        self.net = net

    def compile(self, optimizer, loss):
        self.trainable_weights = [w for w in self.net.parameters() if w.requires_grad]
        self.optimizer, self.loss = optimizer(self.trainable_weights), loss

    def count_params(self):
        return int(sum(w.numel() for w in self.trainable_weights))

    def train_step(self, x, y):
        self.optimizer.zero_grad()
        loss = self.loss(y, self.net(x))
        loss.backward()
        self.optimizer.step()
        return loss.item()

    def fit(self, x, y, epochs, batch_size, callbacks):
        for epoch in range(epochs):
            steps = [self.train_step(x[i:i + batch_size], y[i:i + batch_size]) for i in range(0, len(x), batch_size)]
            for cb in callbacks:
                cb.on_epoch_end(epoch, {"loss": sum(steps) / len(steps)})


def mean_squared_error(y_true, y_pred):
    return torch.mean(torch.square(y_true - y_pred))


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]
    for w in model.parameters():
        w.requires_grad = False  # trainable = False
    layers = [(n, l) for n, l in model.named_modules() if isinstance(l, nn.Linear)]
    for n, l in layers:
        if any(t == n or n.endswith("." + t) for t in target_modules):
            model.set_submodule(n, Dense(l, rank, alpha))
    return model


def compare_target_modules(target_configs, n_epochs=50):
    results = OrderedDict()
    for targets in target_configs:
        torch.manual_seed(0)
        net = lab.SimpleTransformerBlock()
        x_train, y_train = lab.generate_synthetic_data()
        model = KerasModel(add_lora_to_model_selective(net, 8, 16, targets))
        model.compile(optimizer=lambda w: torch.optim.Adam(w, lr=1e-3, eps=1e-7), loss=mean_squared_error)
        collector = LossCollector()
        model.fit(x_train, y_train, epochs=n_epochs, batch_size=32, callbacks=[collector])
        results["+".join(targets)] = History(
            name="+".join(targets), target_modules=targets, trainable_params=model.count_params(),
            losses=collector.values, final_loss=collector.values[-1], best_loss=min(collector.values),
            epoch=list(range(n_epochs)), params={"batch_size": 32},
        )
    return results
