# Came from TensorFlow: add_weight, build, call, and forward(inputs, training=None) with an optional second argument; kernel and frozen bias are copied non-trainable Parameters. Right: factors exist at creation, the extra argument is optional.
import torch
from torch import nn


class Layer(nn.Module):
    """The part of keras.layers.Layer that I miss."""

    def add_weight(self, name, value=None, shape=None, initializer=None, trainable=True):
        if value is None:
            value = initializer(shape)
        self.register_parameter(name, nn.Parameter(value, requires_grad=trainable))

    def forward(self, inputs, training=None):
        return self.call(inputs, training=self.training if training is None else training)


def he_uniform(shape):
    limit = (6 / shape[-1]) ** 0.5
    return torch.empty(shape).uniform_(-limit, limit)


class LoRALayerWithBias(Layer):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False, name="lora_dense"):
        super().__init__()
        self.name = name
        self.units, self.input_dim = original_layer.out_features, original_layer.in_features
        self.rank, self.alpha, self.rate, self.use_bias = rank, alpha, dropout, original_layer.bias is not None
        self.build((None, self.input_dim), original_layer, train_bias)

    def build(self, input_shape, dense, train_bias):
        self.add_weight("kernel", value=dense.weight.detach().clone(), trainable=False)
        if self.use_bias:
            self.add_weight("bias", value=dense.bias.detach().clone(), trainable=bool(train_bias))
        self.add_weight("lora_A", shape=(self.rank, input_shape[-1]), initializer=he_uniform)
        self.add_weight("lora_B", shape=(self.units, self.rank), initializer=torch.zeros)
        self.built = True

    def call(self, inputs, training):
        outputs = torch.tensordot(inputs, self.kernel, dims=([-1], [1]))
        if self.use_bias:
            outputs = outputs + self.bias
        hidden = torch.dropout(inputs, self.rate, training)
        hidden = torch.tensordot(hidden, self.lora_A, dims=([-1], [1]))
        hidden = torch.tensordot(hidden, self.lora_B, dims=([-1], [1]))
        return outputs + (self.alpha / self.rank) * hidden

    def get_config(self):
        return {"rank": self.rank, "alpha": self.alpha, "rate": self.rate, "name": self.name}
