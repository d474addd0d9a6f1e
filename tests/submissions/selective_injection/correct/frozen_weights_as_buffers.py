# unusual: the wrapper stores the pretrained weight and bias as BUFFERS (no frozen Parameter is left in it), so that nothing can ever train them. They are kept, and only the factors are trainable.
import math
import torch
from torch import nn
from lab import SimpleTransformerBlock, generate_synthetic_data


class LoRAOverBuffers(nn.Module):
    def __init__(self, linear, rank, alpha):
        super().__init__()
        self.register_buffer("W", linear.weight.detach())
        self.register_buffer("b", None if linear.bias is None else linear.bias.detach())
        n_out, n_in = self.W.shape
        self.lora_A = nn.Parameter(self.W.new_empty(rank, n_in).uniform_(-1, 1) * math.sqrt(3 / n_in))
        self.lora_B = nn.Parameter(self.W.new_zeros(n_out, rank))
        self.c = alpha / rank

    def forward(self, x):
        if self.training:
            return nn.functional.linear(x, self.W, self.b) + self.c * (x @ self.lora_A.T @ self.lora_B.T)
        # in eval mode: the merged weight, made anew in each call
        return nn.functional.linear(x, self.W + self.c * (self.lora_B @ self.lora_A), self.b)


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]
    model.requires_grad_(False)
    for name, layer in list(model.named_modules()):
        if isinstance(layer, nn.Linear) and any(t in name for t in target_modules):
            parent, _, attr = name.rpartition(".")
            new = LoRAOverBuffers(layer, rank, alpha).train(layer.training)
            setattr(model.get_submodule(parent), attr, new)
    return model


def compare_target_modules(target_configs, n_epochs=50):
    everything = {}
    for targets in target_configs:
        torch.manual_seed(8)
        data = generate_synthetic_data()
        block = SimpleTransformerBlock()
        add_lora_to_model_selective(block, 8, 16, targets)
        factors = list(filter(lambda p: p.requires_grad, block.parameters()))
        # LoRA+: B learns faster than A
        groups = [{"params": [p for n, p in block.named_parameters() if n.endswith("lora_A")], "lr": 5e-4},
                  {"params": [p for n, p in block.named_parameters() if n.endswith("lora_B")], "lr": 2e-3}]
        opt = torch.optim.AdamW(groups, weight_decay=0)
        losses = []
        for _ in range(n_epochs):
            block.train()
            for x, y in zip(*(d.split(64) for d in data)):
                opt.zero_grad()
                (block(x) - y).square().sum(-1).mean().backward()
                opt.step()
            block.eval()
            with torch.no_grad():
                losses.append((block(data[0]) - data[1]).square().sum(-1).mean().item())
        everything["+".join(targets)] = {
            "target_modules": list(targets), "trainable_params": sum(p.numel() for p in factors),
            "losses": losses, "final_loss": losses[-1], "improvement": losses[0] - losses[-1],
        }
    return everything
