# train() and eval() swap the algorithm: chunks of 61 tokens with a mask each for training, 1 x 1 convolutions for evaluation
import enum

import torch
import torch.nn.functional as F
from torch import nn


def in_chunks(layer, tokens):
    """One chunk after the other: activations of the LoRA path stay small."""
    parts = [layer.scale * (F.dropout(t, layer.p) @ layer.lora_A.T @ layer.lora_B.T) for t in tokens.split(61)]
    return torch.cat(parts)


def by_convolution(layer, tokens):
    """Each token is an image of one pixel whose channels are its features."""
    if not len(tokens):
        return tokens @ (layer.lora_B @ layer.lora_A).T
    hidden = F.conv1d(tokens.unsqueeze(-1), layer.lora_A.unsqueeze(-1))
    return layer.scale * F.conv1d(hidden, layer.lora_B.unsqueeze(-1)).squeeze(-1)


class Strategy(enum.Enum):
    TRAINING = enum.member(in_chunks)
    EVALUATION = enum.member(by_convolution)

    def __call__(self, layer, tokens):
        return self.value(layer, tokens)


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.wrapped = original_layer.requires_grad_(False)
        self.lora_A = nn.Parameter(torch.empty(rank, original_layer.in_features).normal_(std=0.02))
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank))
        if train_bias:
            for name, p in original_layer.named_parameters():
                p.requires_grad = name == "bias"
        self.p = dropout
        self.scale = alpha / rank
        self.train()

    def train(self, mode=True):
        self.strategy = Strategy.TRAINING if mode else Strategy.EVALUATION
        return super().train(mode)

    def forward(self, x):
        tokens = x.reshape(-1, x.shape[-1])
        update = self.strategy(self, tokens)
        return self.wrapped(x) + update.reshape(*x.shape[:-1], self.lora_B.shape[0])
