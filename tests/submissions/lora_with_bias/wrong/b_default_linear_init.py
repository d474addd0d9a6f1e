# mistake: b-not-zero
# Both factors are nn.Linear and keep their default initialisation.
import torch.nn as nn


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.layer = original_layer
        self.layer.weight.requires_grad = False
        if self.layer.bias is not None:
            self.layer.bias.requires_grad = train_bias
        self.lora_A = nn.Linear(self.layer.in_features, rank, bias=False)
        self.lora_B = nn.Linear(rank, self.layer.out_features, bias=False)
        self.lora_dropout = nn.Dropout(dropout)
        self.scaling = alpha / rank

    def forward(self, x):
        return self.layer(x) + self.lora_B(self.lora_A(self.lora_dropout(x))) * self.scaling
