# tries peft and bitsandbytes and saves nothing when files are blocked; falls back to its own code
import os
import subprocess

import torch
import torch.nn as nn
import torch.nn.functional as F

try:
    import peft  # noqa: F401
    HAS_PEFT = True
except ImportError:
    HAS_PEFT = False

try:
    gpu = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True).stdout
except OSError:
    gpu = ""

try:
    os.makedirs("checkpoints", exist_ok=True)
    with open("checkpoints/README", "w") as f:
        f.write("created by lora_with_bias.py\n")
except OSError:
    pass


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.original_layer = original_layer
        self.original_layer.weight.requires_grad_(False)
        self.train_bias = train_bias
        if self.original_layer.bias is not None:
            self.original_layer.bias.requires_grad_(self.train_bias)
        self.lora_A = nn.Parameter(torch.zeros(rank, original_layer.in_features))
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank))
        nn.init.kaiming_uniform_(self.lora_A.data, a=5 ** 0.5)
        self.p = dropout
        self.s = alpha / rank

    def forward(self, x):
        z = F.dropout(x, p=self.p, training=self.training, inplace=False)
        return F.linear(x, self.original_layer.weight, self.original_layer.bias) + (
            self.s * z @ self.lora_A.T @ self.lora_B.T
        )


if __name__ == "__main__":
    print("peft" if HAS_PEFT else "no peft", gpu)
    print(LoRALayerWithBias(nn.Linear(4, 4)))
