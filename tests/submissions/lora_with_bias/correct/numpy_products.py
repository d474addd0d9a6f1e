# NumPy multiplies the matrices of the LoRA path, forwards and backwards, inside an autograd.Function
import numpy as np
import torch
from torch import nn
from torch.autograd.function import once_differentiable


def to_numpy(t):
    return t.detach().cpu().numpy()


class NumpyLoRA(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, A, B, scale):
        ctx.save_for_backward(x, A, B)
        ctx.scale = scale
        nx, nA, nB = map(to_numpy, (x, A, B))
        return torch.from_numpy(np.asarray(scale * np.dot(np.dot(nx, nA.T), nB.T))).to(x)

    @staticmethod
    @once_differentiable
    def backward(ctx, grad):
        x, A, B = ctx.saved_tensors
        nA, nB = to_numpy(A), to_numpy(B)
        nx = to_numpy(x).reshape(-1, A.shape[1])
        ng = ctx.scale * to_numpy(grad).reshape(-1, B.shape[0])
        gx, gA, gB = ng @ nB @ nA, (ng @ nB).T @ nx, ng.T @ (nx @ nA.T)
        return *(torch.from_numpy(g).to(like).reshape(like.shape) for g, like in ((gx, x), (gA, A), (gB, B))), None


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.torch_part = original_layer
        self.torch_part.weight.requires_grad_(False)
        if isinstance(self.torch_part.bias, nn.Parameter):
            self.torch_part.bias.requires_grad_(bool(train_bias))
        A = np.random.standard_normal((rank, original_layer.in_features)) / 10
        B = np.zeros((original_layer.out_features, rank), dtype=np.float32)
        self.lora_A = nn.Parameter(torch.from_numpy(A.astype(np.float32)))
        self.lora_B = nn.Parameter(torch.from_numpy(B))
        self.dropout = nn.Dropout(dropout)
        self.scale = float(alpha) / int(rank)

    def forward(self, x):
        return self.torch_part(x) + NumpyLoRA.apply(self.dropout(x), self.lora_A, self.lora_B, self.scale)
