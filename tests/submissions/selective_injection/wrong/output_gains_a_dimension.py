# mistake: unnamed
# The wrapped o_proj and down_proj give their output a further dimension in front, so the block's output has four.
import torch
from lab import LoRALayer, SimpleTransformerBlock, generate_synthetic_data
from torch import nn


class Wrapped(LoRALayer):
    last = False

    def forward(self, x):
        y = super().forward(x)
        return y.unsqueeze(0) if self.last else y


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    targets = ["q_proj", "k_proj", "v_proj", "o_proj"] if target_modules is None else target_modules
    model.requires_grad_(False)
    for name, module in list(model.named_modules()):
        if isinstance(module, nn.Linear) and any(target in name for target in targets):
            parent, _, child = name.rpartition(".")
            layer = Wrapped(module, rank, alpha)
            layer.last = child in ("o_proj", "down_proj")
            setattr(model.get_submodule(parent), child, layer)
    return model


def compare_target_modules(target_configs, n_epochs=50):
    results = {}
    for targets in target_configs:
        torch.manual_seed(0)
        block = SimpleTransformerBlock()
        x, y = generate_synthetic_data()
        add_lora_to_model_selective(block, 8, 16, targets)
        trained = [p for p in block.parameters() if p.requires_grad]
        optimizer = torch.optim.AdamW(trained, lr=1e-3)
        losses = []
        for _ in range(n_epochs):
            total = 0.0
            for x_part, y_part in zip(x.split(32), y.split(32)):
                loss = nn.functional.mse_loss(block(x_part).reshape(y_part.shape), y_part)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                total += loss.item() / 4
            losses.append(total)
        results["+".join(targets)] = {
            "target_modules": targets,
            "trainable_params": sum(p.numel() for p in trained),
            "losses": losses,
            "final_loss": losses[-1],
        }
    return results
