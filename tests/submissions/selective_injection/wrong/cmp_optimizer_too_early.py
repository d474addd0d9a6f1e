# mistake: unnamed
# Capture the block in compare([["v_proj"]], 2): lora_B is still all zeros afterwards; AdamW has no gradients.
# unusual: a Trainer class with setup/step
import torch
from torch import nn

from lab import LoRALayer, SimpleTransformerBlock, generate_synthetic_data


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]
    for p in model.parameters():
        p.requires_grad = False
    for name, module in list(model.named_modules()):
        if isinstance(module, nn.Linear) and any(t in name for t in target_modules):
            parent_name, _, child = name.rpartition(".")
            setattr(model.get_submodule(parent_name), child, LoRALayer(module, rank, alpha))
    return model


class Trainer:
    lr = 1e-3

    def __init__(self, seed=0):
        torch.manual_seed(seed)
        self.model = SimpleTransformerBlock()
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=self.lr)
        self.loss_fn = nn.MSELoss()

    def inject(self, targets):
        add_lora_to_model_selective(self.model, 8, 16, targets)
        return self

    @property
    def trainable(self):
        return sum(p.numel() for p in self.model.parameters() if p.requires_grad)

    def run_epoch(self, epoch):
        torch.manual_seed(1000 + epoch)  # fresh samples, the same for every configuration
        x, y = generate_synthetic_data()
        self.optimizer.zero_grad()
        loss = self.loss_fn(self.model(x), y)
        loss.backward()
        self.optimizer.step()
        return loss.item()


def compare_target_modules(target_configs, n_epochs=50):
    results = {}
    for targets in target_configs:
        trainer = Trainer().inject(targets)
        losses = [trainer.run_epoch(e) for e in range(n_epochs)]
        results["+".join(targets)] = {
            "target_modules": targets,
            "trainable_params": trainer.trainable,
            "losses": losses,
            "final_loss": losses[-1],
        }
    return results
