# the layer's class is changed in place, so even wrapped layers stay the same objects; AdamW
import torch
from torch import nn
from torch.nn import functional as F

from lab import SimpleTransformerBlock, generate_synthetic_data


class LoRAInPlace(nn.Linear):
    def forward(self, input):
        update = F.linear(F.linear(input, self.lora_A), self.lora_B)
        return super().forward(input) + self.lora_scale * update


def _convert(layer, rank, alpha):
    layer.__class__ = LoRAInPlace
    layer.lora_scale = alpha / rank
    layer.lora_A = nn.Parameter(torch.randn(rank, layer.in_features) / layer.in_features**0.5)
    layer.lora_B = nn.Parameter(torch.zeros(layer.out_features, rank))


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    wanted = {"q_proj", "k_proj", "v_proj", "o_proj"} if target_modules is None else set(target_modules)
    model.requires_grad_(False)
    for name, module in model.named_modules():
        if type(module) is nn.Linear and name.split(".")[-1] in wanted:
            _convert(module, rank, alpha)
    return model


def compare_target_modules(target_configs, n_epochs=50):
    out = {}
    for config in target_configs:
        torch.manual_seed(0)
        block = SimpleTransformerBlock(d_model=256, n_heads=8)
        torch.manual_seed(1)
        x, y = generate_synthetic_data(n_samples=64, seq_len=16, d_model=256)
        torch.manual_seed(2)
        block = add_lora_to_model_selective(block, 8, 16, config)
        trainable = list(filter(lambda p: p.requires_grad, block.parameters()))
        opt = torch.optim.AdamW(trainable, lr=2e-3, weight_decay=0.01)
        losses = []
        block.train()
        for _ in range(n_epochs):
            loss = (block(x) - y).pow(2).mean()
            opt.zero_grad()
            loss.backward()
            opt.step()
            losses.append(float(loss))
        out["+".join(config)] = dict(
            target_modules=config,
            trainable_params=sum(p.numel() for p in trainable),
            losses=losses,
            final_loss=losses[-1],
        )
    return out
