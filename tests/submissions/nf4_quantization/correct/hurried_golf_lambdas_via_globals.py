# hurried: code golf, two lambdas with walrus put into globals().update, star imports; right: called by the contract's argument names with default 64 they give the asked tensors
from torch import *
from math import *
L=tensor([-1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0]).double()
M=(L[1:]+L[:-1])/2
I=lambda n,b:arange(n)//b
globals().update(
quantize_nf4=lambda tensor,block_size=64:(
    (v:=tensor.detach().reshape(-1).double()),
    (i:=I(len(v),block_size)),
    (s:=zeros(ceil(len(v)/block_size)).double().scatter_reduce(0,i,v.abs(),'amax')),
    (bucketize(v/(s+(s==0))[i],M).byte().reshape(tensor.shape),s.to(float32)))[-1],
dequantize_nf4=lambda codes,scales,block_size=64:(L[codes.long()]*scales[I(codes.numel(),block_size)].reshape(codes.shape)).to(float32))
