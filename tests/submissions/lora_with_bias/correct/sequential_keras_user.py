# who: came from Keras, wants everything to be a stack of layers; unusual: the LoRA path is an nn.Sequential, factors are registered twice (own name and in the stack), weight frozen by a helper `trainable`
from torch import nn


def set_trainable(layer, value):
    """layer.trainable = value, as it was in Keras"""
    for p in layer.parameters():
        p.requires_grad = value


class Scale(nn.Module):
    """Lambda layer"""

    def __init__(self, k):
        super().__init__()
        self.k = k

    def forward(self, inputs):
        return inputs * self.k


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        units = original_layer.out_features
        set_trainable(original_layer, False)
        self.dense = original_layer
        self.lora_A = nn.Linear(original_layer.in_features, rank, bias=False)  # glorot/he by default
        self.lora_B = nn.Linear(rank, units, bias=False)
        nn.init.zeros_(self.lora_B.weight)  # kernel_initializer="zeros"
        self.adapter = nn.Sequential(nn.Dropout(dropout), self.lora_A, self.lora_B, Scale(alpha / rank))
        if self.dense.bias is not None:
            self.dense.bias.requires_grad = train_bias

    def forward(self, inputs):
        return self.dense(inputs) + self.adapter(inputs)

    def summary(self):
        total = sum(p.numel() for p in self.parameters())
        trainable = sum(p.numel() for p in self.parameters() if p.requires_grad)
        print(f"Total params: {total:,}\nTrainable params: {trainable:,}\nNon-trainable params: {total - trainable:,}")


if __name__ == "__main__":
    LoRALayerWithBias(nn.Linear(784, 10), train_bias=True).summary()
