# style: code golf with tabs, semicolons and mixed factors (A an nn.Linear, B an nn.Parameter)
import torch as t;n=t.nn;f=n.functional
class LoRALayerWithBias(n.Module):
	def __init__(s,original_layer,rank=4,alpha=1.,dropout=0.,train_bias=False):
		super().__init__();s.l=l=original_layer;s.k=alpha/rank;s.p=dropout
		s.lora_A=n.Linear(l.in_features,rank,False);s.lora_B=n.Parameter(t.zeros(l.out_features,rank))
		[p.requires_grad_(train_bias and p is l.bias)for p in l.parameters()]
	def forward(s,x):return s.l(x)+s.k*f.linear(s.lora_A(f.dropout(x,s.p,s.training)),s.lora_B)
