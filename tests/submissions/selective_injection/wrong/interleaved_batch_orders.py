# mistake: unnamed
# [['q_proj'], ['v_proj']] against [['v_proj']], n_epochs=3: the configurations take turns at one stream of batch orders.
import torch
from torch import nn

from lab import LoRALayer, SimpleTransformerBlock, generate_synthetic_data


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]
    model.requires_grad_(False)
    for name, module in list(model.named_modules()):
        if isinstance(module, nn.Linear) and any(t in name for t in target_modules):
            parent, _, child = name.rpartition(".")
            setattr(model.get_submodule(parent), child, LoRALayer(module, rank, alpha))
    return model


class Run:
    def __init__(self, targets):
        torch.manual_seed(0)
        self.targets = targets
        self.x, self.y = generate_synthetic_data()
        self.block = add_lora_to_model_selective(SimpleTransformerBlock(), 8, 16, targets)
        self.params = [p for p in self.block.parameters() if p.requires_grad]
        self.opt = torch.optim.AdamW(self.params, lr=1e-3)
        self.losses = []

    def epoch(self):
        total = 0.0
        for rows in torch.randperm(len(self.x)).split(32):
            loss = nn.functional.mse_loss(self.block(self.x[rows]), self.y[rows])
            self.opt.zero_grad()
            loss.backward()
            self.opt.step()
            total += loss.item() * len(rows)
        self.losses.append(total / len(self.x))

    def entry(self):
        return {
            "target_modules": self.targets,
            "trainable_params": sum(p.numel() for p in self.params),
            "losses": self.losses,
            "final_loss": self.losses[-1],
        }


def compare_target_modules(target_configs, n_epochs=50):
    runs = [Run(targets) for targets in target_configs]
    for _ in range(n_epochs):  # all of them side by side
        for run in runs:
            run.epoch()
    return {"+".join(run.targets): run.entry() for run in runs}
