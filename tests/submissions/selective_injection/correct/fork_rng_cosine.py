# set_submodule replaces the layers; fork_rng around each configuration; cosine learning-rate schedule
import torch
import torch.nn as nn

from lab import SimpleTransformerBlock, generate_synthetic_data


class LoRALinear(nn.Module):
    """Holds a frozen linear layer and its low-rank update."""

    def __init__(self, base, rank, alpha):
        super().__init__()
        self.base = base
        kwargs = {"device": base.weight.device, "dtype": base.weight.dtype}
        self.lora_A = nn.Parameter(torch.randn(rank, base.in_features, **kwargs).mul_(rank**-0.5))
        self.lora_B = nn.Parameter(torch.zeros(base.out_features, rank, **kwargs))
        self.rank, self.alpha = rank, alpha

    def forward(self, x):
        out = self.base(x)
        return torch.add(out, x @ (self.lora_A.T @ self.lora_B.T), alpha=self.alpha / self.rank)


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]
    model.requires_grad_(False)
    names = [n for n, m in model.named_modules() if isinstance(m, nn.Linear) and any(t in n for t in target_modules)]
    for name in names:
        model.set_submodule(name, LoRALinear(model.get_submodule(name), rank, alpha))
    return model


def compare_target_modules(target_configs, n_epochs=50):
    results = {}
    for targets in target_configs:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(99)
            model = SimpleTransformerBlock(256, 8)
            x, y = generate_synthetic_data(n_samples=48)
            add_lora_to_model_selective(model, 8, 16, targets)
            params = [p for p in model.parameters() if p.requires_grad]
            optimizer = torch.optim.NAdam(params, lr=2e-3)
            scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=max(1, n_epochs))
            losses = []
            for _ in range(n_epochs):
                loss = nn.functional.mse_loss(model(x), y)
                optimizer.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(params, 1.0)
                optimizer.step()
                scheduler.step()
                losses.append(loss.item())
        key = "+".join(targets)
        results[key] = {"target_modules": targets, "trainable_params": sum(p.numel() for p in params)}
        results[key]["losses"] = losses
        results[key]["final_loss"] = losses[-1]
    return results
