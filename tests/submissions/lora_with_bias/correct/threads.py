# mistake: none | contract: fulfilled
# style: two threads compute the two paths; the caller's grad mode is handed over
from concurrent.futures import ThreadPoolExecutor

import torch
from torch import nn


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.original = original_layer
        original_layer.weight.requires_grad_(False)
        if original_layer.bias is not None:
            original_layer.bias.requires_grad_(train_bias)
        self.lora_A = nn.Parameter(torch.randn(rank, original_layer.in_features))
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank))
        self.drop = nn.Dropout(dropout)
        self.scaling = alpha / rank

    def update(self, x, grad, inference):
        with torch.inference_mode(inference), torch.set_grad_enabled(grad and not inference):
            return self.scaling * (x @ self.lora_A.T @ self.lora_B.T)

    def forward(self, x):
        dropped = self.drop(x)  # random numbers are drawn in the caller's thread
        with ThreadPoolExecutor(1) as pool:
            task = pool.submit(self.update, dropped, torch.is_grad_enabled(), torch.is_inference_mode_enabled())
            y = self.original(x)
        return y + task.result()
