# who: firmware engineer, wants flat state and no nested objects; unusual: frozen weight and frozen bias are copied into buffers, nothing of the original is kept
#
# memory map
#   W       (out, in)   buffer     read only
#   b       (out)       buffer or parameter or None
#   lora_A  (r, in)     parameter
#   lora_B  (out, r)    parameter
#
import torch
import torch.nn.functional as F


class LoRALayerWithBias(torch.nn.Module):

    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super(LoRALayerWithBias, self).__init__()

        n_out, n_in = original_layer.weight.shape

        self.register_buffer("W", original_layer.weight.detach().clone())

        # three states of b
        b = original_layer.bias
        if b is None:
            self.b = None
        elif train_bias:
            self.b = torch.nn.Parameter(b.detach().clone())
        else:
            self.register_buffer("b", b.detach().clone())

        self.lora_A = torch.nn.Parameter(torch.randn(rank, n_in) / n_in ** 0.5)
        self.lora_B = torch.nn.Parameter(torch.zeros(n_out, rank))

        self.gain = float(alpha) / float(rank)
        self.p = dropout

    def forward(self, x):
        acc = F.linear(x, self.W, self.b)
        z = F.dropout(x, self.p, self.training)
        z = F.linear(z, self.lora_A)
        z = F.linear(z, self.lora_B)
        return acc + self.gain * z
