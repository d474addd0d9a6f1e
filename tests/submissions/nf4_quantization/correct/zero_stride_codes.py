# style: Chinese identifiers; an all-zero tensor gets codes and scales expanded from one element (stride 0)
import torch

电平 = torch.tensor([-1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224, 0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0])
中点 = (电平[:-1] + 电平[1:]) / 2


def quantize_nf4(tensor, block_size=64):
    数量 = tensor.numel()
    块数 = (数量 + block_size - 1) // block_size
    if not tensor.any():                                       # 全零或空
        return torch.tensor(7, dtype=torch.uint8).expand(tensor.shape), torch.tensor([0.0]).expand(块数)
    展平 = tensor.reshape(-1).to(torch.float32)
    编码, 比例 = [], []
    for 块 in 展平.split(block_size):
        最大 = torch.max(torch.abs(块))
        比例.append(最大)
        编码.append(torch.bucketize(块 / 最大 if bool(最大) else 块, 中点))
    return torch.cat(编码).reshape(tensor.shape).to(torch.uint8), torch.stack(比例)


def dequantize_nf4(codes, scales, block_size=64):
    序号 = torch.arange(codes.numel()) // block_size
    return 电平[codes.long()] * scales[序号].reshape(codes.shape)


if __name__ == "__main__":
    权重 = torch.randn(300, 70)
    print("误差", (dequantize_nf4(*quantize_nf4(权重)) - 权重).abs().max())
