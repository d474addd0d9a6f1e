# who: second-semester student from C++, thinks in loops, first attempt left in the file; unusual: class defined twice (last counts), loop over the rank with outer products
import torch;
from torch import nn;


# first try, B was random :( keep for the report
class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank = 4, alpha = 1.0, dropout = 0.0, train_bias = False):
        super().__init__();
        self.layer = original_layer;
        self.lora_A = nn.Parameter(torch.randn(rank, original_layer.in_features));
        self.lora_B = nn.Parameter(torch.randn(original_layer.out_features, rank));

    def forward(self, x):
        return self.layer(x);


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank = 4, alpha = 1.0, dropout = 0.0, train_bias = False):
        super().__init__();
        self.layer = original_layer;
        self.rank = rank;
        self.factor = alpha / rank;
        self.drop = nn.Dropout(dropout);

        self.lora_A = nn.Parameter(torch.rand(rank, original_layer.in_features) - 0.5);
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank));

        # freeze weight
        self.layer.weight.requires_grad = False;
        # bias: may be nullptr
        if (self.layer.bias is not None):
            if (train_bias):
                self.layer.bias.requires_grad = True;
            else:
                self.layer.bias.requires_grad = False;

    def forward(self, x):
        y = self.layer(x);
        d = self.drop(x);
        for i in range(self.rank):
            a = self.lora_A[i];        # row of A
            b = self.lora_B[:, i];     # column of B
            h = (d * a).sum(-1);       # dot product for every sample
            y = y + self.factor * h.unsqueeze(-1) * b;
        return y;
