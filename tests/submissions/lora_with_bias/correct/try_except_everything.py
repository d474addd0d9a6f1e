# try/except around everything, prints, and a config file that may not be opened (OSError is caught) or may not exist; a bias that is None fails with AttributeError and is skipped. Right: nothing that fails is needed.
import json
import torch
from torch import nn

try:
    with open("my_lora_config.json") as f:
        CONFIG = json.load(f)
except Exception as e:
    print("no config:", type(e).__name__)
    CONFIG = {}
try:
    torch.set_num_threads(1)
except Exception:
    pass
try:
    import tensorflow as tf
except Exception:
    tf = None

class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        print("making a lora layer", original_layer, rank, alpha, dropout, train_bias)
        self.layer = original_layer
        try:
            self.layer.weight.requires_grad = False
        except Exception as e:
            print("could not freeze??", e)
            raise
        try:
            self.layer.bias.requires_grad = bool(train_bias)
        except AttributeError:
            print("this one has no bias")
        self.lora_A = nn.Parameter(torch.randn(rank, original_layer.in_features) * CONFIG.get("std", 0.02))
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank))
        try:
            self.scaling = alpha / rank
        except ZeroDivisionError:
            self.scaling = 0.0
        self.dropout = nn.Dropout(dropout)

    def forward(self, x):
        try:
            return self.layer(x) + self.scaling * (self.dropout(x) @ self.lora_A.T @ self.lora_B.T)
        except RuntimeError as e:
            print("shapes", x.shape, self.lora_A.shape, self.lora_B.shape)
            raise
