# Module.apply visits the parents; names come from a dictionary by id; one-cycle schedule with mini-batches
import torch
from torch import nn
from torch.optim.lr_scheduler import OneCycleLR

from lab import SimpleTransformerBlock, generate_synthetic_data


class LoRA(nn.Sequential):
    """Sequential of A and B beside the layer, which is its third element."""

    def __init__(self, layer, rank, alpha):
        super().__init__()
        self.add_module("lora_A", nn.Linear(layer.in_features, rank, bias=False))
        self.add_module("lora_B", nn.Linear(rank, layer.out_features, bias=False))
        self.add_module("layer", layer)
        self.lora_B.weight.data.zero_()
        self.alpha_by_rank = alpha / rank

    def forward(self, x):
        down, up, layer = self
        return layer(x) + self.alpha_by_rank * up(down(x))


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    targets = tuple(target_modules) if target_modules is not None else ("q_proj", "k_proj", "v_proj", "o_proj")
    names = {id(module): name for name, module in model.named_modules() if isinstance(module, nn.Linear)}

    def visit(parent):
        for key, child in parent.named_children():
            if id(child) in names and names[id(child)].endswith(targets):
                setattr(parent, key, LoRA(child, rank, alpha))

    model.requires_grad_(False)
    # apply goes bottom-up, so a new LoRA is not visited as a parent
    model.apply(visit)
    return model


def compare_target_modules(target_configs, n_epochs=50):
    batch, n = 32, 64
    results = {}
    for targets in target_configs:
        torch.manual_seed(11)
        block = SimpleTransformerBlock()
        X, Y = generate_synthetic_data(n)
        add_lora_to_model_selective(block, 8, 16, targets)
        params = [p for p in block.parameters() if p.requires_grad]
        opt = torch.optim.AdamW(params, lr=1e-4)
        steps = max(1, n_epochs) * (n // batch)
        sched = OneCycleLR(opt, max_lr=5e-3, total_steps=steps, pct_start=0.3) if steps >= 4 else None
        gen = torch.Generator()
        gen.manual_seed(11)
        losses = []
        for _ in range(n_epochs):
            order = torch.randperm(n, generator=gen)
            running = torch.zeros(())
            for i in range(0, n, batch):
                idx = order[i:i + batch]
                loss = torch.mean((block(X[idx]) - Y[idx]) ** 2)
                opt.zero_grad()
                loss.backward()
                opt.step()
                if sched is not None:
                    sched.step()
                running += loss.detach() * len(idx)
            losses.append((running / n).item())
        results["+".join(targets)] = {
            "target_modules": targets,
            "trainable_params": sum(p.numel() for p in params),
            "losses": losses,
            "final_loss": losses[-1],
        }
    return results
