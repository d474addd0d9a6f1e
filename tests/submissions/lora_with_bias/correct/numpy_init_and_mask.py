# style: 中文注释 (Chinese comments), numpy for the initialisation and for the dropout mask, so torch's seed does not matter
import numpy as np
import torch
import torch.nn as nn

随机数 = np.random.default_rng()


class LoRALayerWithBias(nn.Module):
    """带偏置训练选项的 LoRA 层。"""

    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.原始层 = original_layer
        输出维度, 输入维度 = original_layer.weight.shape
        # A 用 numpy 随机初始化，B 初始化为零
        self.lora_A = nn.Parameter(torch.from_numpy(随机数.normal(size=(rank, 输入维度)).astype(np.float32)))
        self.lora_B = nn.Parameter(torch.from_numpy(np.zeros((输出维度, rank), dtype=np.float32)))
        self.缩放 = np.float64(alpha) / rank
        self.丢弃率 = dropout
        # 冻结权重；偏置按需训练
        self.原始层.weight.requires_grad = False
        if self.原始层.bias is not None:
            self.原始层.bias.requires_grad = bool(train_bias)

    def 随机丢弃(self, x):
        if self.丢弃率 == 0 or not self.training:
            return x
        掩码 = 随机数.binomial(1, 1 - self.丢弃率, size=tuple(x.shape))
        return x * torch.as_tensor(掩码).to(x) / (1 - self.丢弃率)

    def forward(self, x):
        增量 = self.随机丢弃(x) @ self.lora_A.T @ self.lora_B.T
        return self.原始层(x) + float(self.缩放) * 增量
