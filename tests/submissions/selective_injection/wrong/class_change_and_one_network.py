# mistake: model-reused
# Layers become LoRA layers by a change of class, and one block serves all configurations.

import torch
import torch.nn.functional as F
from torch import nn

from lab import SimpleTransformerBlock, generate_synthetic_data


class Tuned(nn.Linear):
    def forward(self, x):
        return super().forward(x) + self.gain * ((x @ self.lora_A.mT) @ self.lora_B.mT)


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    targets = ["q_proj", "k_proj", "v_proj", "o_proj"] if target_modules is None else list(target_modules)
    model.requires_grad_(False)
    for name, layer in model.named_modules():
        if isinstance(layer, nn.Linear) and name.split(".")[-1] in targets:
            layer.__class__ = Tuned
            layer.gain = alpha / rank
            layer.lora_A = nn.Parameter(torch.randn(rank, layer.in_features) / rank)
            layer.lora_B = nn.Parameter(torch.zeros(layer.out_features, rank))
    return model


def compare_target_modules(target_configs, n_epochs=50):
    torch.manual_seed(99)
    net = SimpleTransformerBlock()

    def run(config):
        torch.manual_seed(99)
        x, y = generate_synthetic_data(64)
        add_lora_to_model_selective(net, 8, 16, config)
        trained = [p for p in net.parameters() if p.requires_grad]
        step = torch.optim.Adam(trained, lr=2e-3)
        curve = []
        while len(curve) < n_epochs:
            step.zero_grad()
            loss = F.mse_loss(net(x), y)
            loss.backward()
            step.step()
            curve.append(float(loss))
        return {
            "target_modules": config,
            "trainable_params": sum(map(torch.numel, trained)),
            "losses": curve,
            "final_loss": curve[-1],
        }

    return {"+".join(config): run(config) for config in target_configs}
