# mistake: unnamed
# Add_lora_to_model_selective(SimpleTransformerBlock(32, 4), target_modules=[]): four layers are wrapped.
# unusual: config dataclass, __call__
import dataclasses as dc

import torch
from torch import nn

from lab import LoRALayer, SimpleTransformerBlock, generate_synthetic_data


@dc.dataclass
class Selective:
    rank: int = 8
    alpha: float = 16
    target_modules: "list[str] | None" = dc.field(default_factory=list)

    def __post_init__(self):
        if not self.target_modules:
            self.target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]

    def hit(self, name, module):
        return isinstance(module, nn.Linear) and any(t in name for t in self.target_modules)

    def __call__(self, model):
        hits = [(n, m) for n, m in model.named_modules() if self.hit(n, m)]
        model.requires_grad_(False)
        for n, m in hits:
            p, _, c = n.rpartition(".")
            setattr(model.get_submodule(p), c, LoRALayer(m, self.rank, self.alpha))
        return model


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    return Selective(rank, alpha, target_modules)(model)


def compare_target_modules(target_configs, n_epochs=50):
    results = {}
    for targets in target_configs:
        torch.manual_seed(0)
        x, y = generate_synthetic_data()
        block = Selective(8, 16, targets)(SimpleTransformerBlock())
        params = [p for p in block.parameters() if p.requires_grad]
        opt = torch.optim.AdamW(params, lr=1e-3)
        losses = []
        for _ in range(n_epochs):
            loss = nn.functional.mse_loss(block(x), y)
            opt.zero_grad()
            loss.backward()
            opt.step()
            losses.append(loss.item())
        results["+".join(targets)] = {"target_modules": targets, "trainable_params": sum(p.numel() for p in params),
                                      "losses": losses, "final_loss": losses[-1]}
    return results
