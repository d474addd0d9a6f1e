# style: the block sits inside a LightningModule-like container; epochs by recursion; injection goes through the container
import torch
from torch import nn

from lab import LoRALayer, SimpleTransformerBlock, generate_synthetic_data


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    targets = ["q_proj", "k_proj", "v_proj", "o_proj"] if target_modules is None else list(target_modules)
    model.requires_grad_(False)
    for name, module in tuple(model.named_modules()):
        match module:
            case nn.Linear() if any(name == t or name.endswith(f".{t}") for t in targets):
                parent, _, leaf = name.rpartition(".")
                setattr(model.get_submodule(parent), leaf, LoRALayer(module, rank, alpha))
            case _:
                pass
    return model


class LitBlock(nn.Module):
    def __init__(self, targets):
        super().__init__()
        self.block = SimpleTransformerBlock()
        self.criterion = nn.SmoothL1Loss()
        self.targets = targets

    def setup(self):
        add_lora_to_model_selective(self, rank=8, alpha=16, target_modules=self.targets)
        return self

    def configure_optimizers(self):
        return torch.optim.AdamW([p for p in self.parameters() if p.requires_grad], lr=2e-3)

    def training_step(self, batch):
        x, y = batch
        return self.criterion(self.block(x), y)


class MiniTrainer:
    def __init__(self, max_epochs):
        self.max_epochs = max_epochs

    def fit(self, lit, batch):
        return self._epochs(lit, lit.configure_optimizers(), batch, self.max_epochs)

    def _epochs(self, lit, opt, batch, left):
        if left == 0:
            return []
        opt.zero_grad()
        loss = lit.training_step(batch)
        loss.backward()
        opt.step()
        return [loss.item(), *self._epochs(lit, opt, batch, left - 1)]


def compare_target_modules(target_configs, n_epochs=50):
    results = {}
    for targets in target_configs:
        torch.manual_seed(21)
        lit = LitBlock(targets)
        batch = generate_synthetic_data(64)
        losses = MiniTrainer(n_epochs).fit(lit.setup(), batch)
        results["+".join(targets)] = {
            "target_modules": targets,
            "trainable_params": sum(p.numel() for p in lit.parameters() if p.requires_grad),
            "losses": losses,
            "final_loss": losses[-1],
        }
    return results
