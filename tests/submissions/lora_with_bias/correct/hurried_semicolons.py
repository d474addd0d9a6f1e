# Ugly: star imports, one-letter names, semicolons, F.dropout instead of nn.Dropout, small gaussian A. Right: every clause of the formula is there.
import torch as t
from torch.nn import *
from torch.nn.functional import *
from torch import nn
class LoRALayerWithBias(nn.Module):
  def __init__(s, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
    super().__init__(); s.l = original_layer; s.k = alpha/rank; s.p = dropout
    for q in s.l.parameters(): q.requires_grad = False
    if s.l.bias is not None and train_bias: s.l.bias.requires_grad = True
    s.lora_A = nn.Parameter(t.randn(rank, s.l.weight.shape[1])*.02); s.lora_B = nn.Parameter(t.zeros(s.l.weight.shape[0], rank))
  def forward(s, x): return s.l(x) + s.k * (nn.functional.dropout(x, s.p, s.training) @ s.lora_A.T @ s.lora_B.T)
