# A drawn with NumPy, prints, sets the number of threads, runs a quick unguarded demo
import numpy as np
import torch
import torch.nn as nn

torch.set_num_threads(1)
rng = np.random.default_rng()


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.original_layer = original_layer
        self.original_layer.weight.requires_grad = False
        if self.original_layer.bias is not None:
            self.original_layer.bias.requires_grad = False
            if train_bias == True:
                self.original_layer.bias.requires_grad = True
        a = rng.standard_normal((rank, original_layer.in_features)) / np.sqrt(rank)
        b = np.zeros((original_layer.out_features, rank))
        self.lora_A = nn.Parameter(torch.from_numpy(a).float())
        self.lora_B = nn.Parameter(torch.from_numpy(b).float())
        self.dropout = nn.Dropout(dropout)
        self.scaling = np.float64(alpha) / rank
        print("LoRA layer with rank", rank, "and scaling", self.scaling)

    def forward(self, x):
        original_output = self.original_layer(x)
        x = self.dropout(x)
        lora_output = torch.matmul(x, self.lora_A.t())
        lora_output = torch.matmul(lora_output, self.lora_B.t())
        lora_output = lora_output * float(self.scaling)
        return original_output + lora_output


def count(module):
    return sum(p.numel() for p in module.parameters() if p.requires_grad)


demo = nn.Linear(16, 32)
for flag in (False, True):
    print("train_bias", flag, "trainable", count(LoRALayerWithBias(demo, 4, 8, train_bias=flag)))
x = torch.randn(3, 16)
print("same output:", torch.allclose(demo(x), LoRALayerWithBias(demo)(x)))
