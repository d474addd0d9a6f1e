# unusual: inherits from the lab's LoRALayer, trains a tiny QLoRA and writes a plot at module level guarded by try
import torch
import torch.nn as nn
import lab
from lab import LoRALayer, generate_synthetic_data

try:
    import matplotlib.pyplot as plt
except ImportError:
    plt = None

NF4_LEVELS = torch.tensor([-1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635,
                           -0.18477343022823334, -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725,
                           0.24611230194568634, 0.33791524171829224, 0.44070982933044434, 0.5626170039176941,
                           0.7229568362236023, 1.0])


def quantize_nf4(tensor, block_size=64):
    orig_shape = tensor.shape
    data = tensor.detach().reshape(-1).float()
    n = data.numel()
    n_blocks = (n + block_size - 1) // block_size
    pad = n_blocks * block_size - n
    if pad > 0:
        # repeat the last value: it changes no maximum
        data = torch.cat([data, data[-1:].expand(pad)])
    data = data.view(n_blocks, block_size)
    scales = data.abs().amax(dim=-1)
    scaled = data / torch.where(scales == 0, torch.tensor(1.0), scales)[:, None]
    codes = (scaled[:, :, None] - NF4_LEVELS[None, None, :]).square().argmin(dim=2)
    return codes.view(-1)[:n].to(torch.uint8).view(orig_shape), scales


def dequantize_nf4(codes, scales, block_size=64):
    vals = NF4_LEVELS[codes.long().reshape(-1)]
    n = vals.numel()
    vals = vals * scales.repeat_interleave(block_size)[:n]
    return vals.reshape(codes.shape)


class QLoRALayer(LoRALayer):
    """A LoRA layer whose frozen weight is kept in NF4."""

    def __init__(self, layer: nn.Linear, rank=4, alpha=1.0, dropout=0.0):
        super().__init__(layer, rank, alpha, dropout)
        self.codes, self.scales = quantize_nf4(layer.weight)
        self.bias = layer.bias

    def forward(self, x):
        w = dequantize_nf4(self.codes, self.scales)
        return nn.functional.linear(x, w, self.bias) + self.scaling * (self.dropout(x) @ self.lora_A.T @ self.lora_B.T)


print("=" * 20, "training", "=" * 20)
torch.manual_seed(0)
x, y = generate_synthetic_data(16, 4, 32)
net = QLoRALayer(nn.Linear(32, 32), rank=4, alpha=8)
opt = torch.optim.Adam([net.lora_A, net.lora_B], lr=1e-2)
history = []
for step in range(20):
    loss = nn.functional.mse_loss(net(x), y)
    opt.zero_grad()
    loss.backward()
    opt.step()
    history.append(loss.item())
print(f"loss {history[0]:.3f} -> {history[-1]:.3f}")

try:
    with open("/nonexistent/folder/history.txt", "w") as f:
        f.write(str(history))
    plt.plot(history)
    plt.savefig("/nonexistent/folder/qlora.png")
except Exception as e:
    print("no plot:", e)
