# mistake: none | contract: fulfilled
# style: the low-rank path runs under saved_tensors_hooks that pack what backward needs as detached clones
import torch
from torch import nn
from torch.autograd.graph import save_on_cpu, saved_tensors_hooks


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.original_layer = original_layer
        original_layer.requires_grad_(False)
        if train_bias and original_layer.bias is not None:
            original_layer.bias.requires_grad_(True)
        self.lora_A = nn.Parameter(torch.randn(rank, original_layer.in_features) / original_layer.in_features)
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank))
        self.dropout = nn.Dropout(dropout)
        self.scaling = alpha / rank

    def forward(self, x):
        # offload on a GPU, packed copies on the CPU: the activations are not kept alive by the graph
        offload = save_on_cpu() if x.is_cuda else saved_tensors_hooks(lambda t: (t.detach().clone(), t.dtype), lambda s: s[0])
        with offload:
            update = self.dropout(x) @ self.lora_A.T @ self.lora_B.T
        return self.original_layer(x) + self.scaling * update
