# mistake: unnamed
# [['q_proj'], ['v_proj']] in one process, [['v_proj']] in another: v_proj's losses differ (in one process the memo returns the first).
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


class Comparison:
    """Trains each configuration once, however often it is asked for."""

    def __init__(self):
        self.done = {}

    def run(self, targets, n_epochs):
        key = ("+".join(targets), n_epochs)
        if key not in self.done:
            self.done[key] = self.train(targets, n_epochs)
        losses, count = self.done[key]
        return {
            "target_modules": list(targets),
            "trainable_params": count,
            "losses": list(losses),
            "final_loss": losses[-1],
        }

    def train(self, targets, n_epochs):
        x, y = generate_synthetic_data()
        block = add_lora_to_model_selective(SimpleTransformerBlock(), 8, 16, targets)
        params = [p for p in block.parameters() if p.requires_grad]
        opt = torch.optim.AdamW(params, lr=1e-3)
        losses = []
        for _ in range(n_epochs):
            loss = nn.functional.mse_loss(block(x), y)
            opt.zero_grad()
            loss.backward()
            opt.step()
            losses.append(loss.item())
        return losses, sum(p.numel() for p in params)


_comparison = Comparison()


def compare_target_modules(target_configs, n_epochs=50):
    torch.manual_seed(0)
    return {"+".join(targets): _comparison.run(targets, n_epochs) for targets in target_configs}
