# style: beginner, seed and demonstration bare at module level, prints in forward, replaces the layer's parameters by new objects
import torch
import torch.nn as nn

torch.manual_seed(42)   # for reproducability!!!
torch.set_num_threads(1)

class LoRALayerWithBias(nn.Module):
    calls = 0

    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super(LoRALayerWithBias, self).__init__()
        # save everything
        self.original_layer = original_layer
        self.rank = rank
        self.alpha = alpha
        self.train_bias = train_bias
        # freeze the weight (make a new parameter that is not trainable)
        self.original_layer.weight = nn.Parameter(original_layer.weight.data, requires_grad=False)
        # the bias
        if original_layer.bias is not None:
            if train_bias == True:
                self.original_layer.bias = nn.Parameter(original_layer.bias.data.clone(), requires_grad=True)
            else:
                self.original_layer.bias = nn.Parameter(original_layer.bias.data.clone(), requires_grad=False)
        # A and B
        in_features = original_layer.weight.shape[1]
        out_features = original_layer.weight.shape[0]
        self.lora_A = nn.Parameter(torch.randn(rank, in_features) * 0.01)
        self.lora_B = nn.Parameter(torch.zeros(out_features, rank))
        self.dropout = nn.Dropout(dropout)
        print("LoRA layer created, rank =", rank, "alpha =", alpha)

    def forward(self, x):
        LoRALayerWithBias.calls = LoRALayerWithBias.calls + 1
        if LoRALayerWithBias.calls <= 3:
            print("forward", x.shape)
        original_output = self.original_layer(x)
        dropped = self.dropout(x)
        step1 = torch.matmul(dropped, self.lora_A.T)
        step2 = torch.matmul(step1, self.lora_B.T)
        lora_output = step2 * (self.alpha / self.rank)
        return original_output + lora_output


# try it
layer = nn.Linear(10, 5)
lora = LoRALayerWithBias(layer, rank=2, alpha=4, train_bias=True)
x = torch.randn(3, 10)
print(lora(x))
print(layer(x))
print("same?", torch.allclose(lora(x), layer(x)))
optimizer = torch.optim.SGD([p for p in lora.parameters() if p.requires_grad], lr=0.1)
for i in range(3):
    loss = lora(x).pow(2).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(i, loss.item())
