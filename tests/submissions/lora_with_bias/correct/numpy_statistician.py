# who: statistician, draws all random numbers with numpy, column convention; unusual: A from numpy's generator, alpha/rank as a non-persistent float32 buffer, computes transposed with x' in columns
import numpy as np
import torch
from torch import nn

torch.set_num_threads(1)


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        p, q = original_layer.in_features, original_layer.out_features
        self.ols = original_layer
        self.lora_A = nn.Parameter(torch.from_numpy(np.random.standard_normal((rank, p)) / np.sqrt(p)).float())
        self.lora_B = nn.Parameter(torch.from_numpy(np.zeros((q, rank), dtype=np.float32)))
        self.register_buffer("shrinkage", torch.tensor(alpha / rank, dtype=torch.float32), persistent=False)
        self.missing_at_random = nn.Dropout(dropout)

        self.ols.weight.requires_grad = False
        try:
            self.ols.bias.requires_grad = train_bias
        except AttributeError:  # no intercept
            pass

    def forward(self, x):
        z = self.missing_at_random(x)
        # columns are observations: B (A z')
        coefficients = self.lora_B @ (self.lora_A @ z.unsqueeze(-1))
        return self.ols(x) + self.shrinkage * coefficients.squeeze(-1)
