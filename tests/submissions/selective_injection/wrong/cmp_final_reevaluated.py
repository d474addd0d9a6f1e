# mistake: unnamed
# R = compare([["v_proj"]], 2)["v_proj"]; r["final_loss"] != r["losses"][-1].
import torch
from torch import nn

from lab import LoRALayer, SimpleTransformerBlock, generate_synthetic_data


def _walk(module, wanted, rank, alpha):
    for key, child in list(module.named_children()):
        if isinstance(child, nn.Linear):
            if key in wanted:
                setattr(module, key, LoRALayer(child, rank, alpha))
        else:
            _walk(child, wanted, rank, alpha)


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    wanted = ("q_proj", "k_proj", "v_proj", "o_proj") if target_modules is None else tuple(target_modules)
    model.requires_grad_(False)
    _walk(model, wanted, rank, alpha)
    return model


@torch.no_grad()
def evaluate(model, x, y):
    model.eval()
    return nn.functional.mse_loss(model(x), y).item()


def compare_target_modules(target_configs, n_epochs=50):
    results = {}
    for targets in target_configs:
        torch.manual_seed(1337)
        model = SimpleTransformerBlock()
        x, y = generate_synthetic_data()
        add_lora_to_model_selective(model, 8, 16, targets)
        params = [p for p in model.parameters() if p.requires_grad]
        optimizer = torch.optim.AdamW(params, lr=1e-3)
        losses = []
        model.train()
        for epoch in range(n_epochs):
            epoch_loss = 0.0
            for i in range(0, len(x), 32):
                optimizer.zero_grad(set_to_none=True)
                loss = nn.functional.mse_loss(model(x[i : i + 32]), y[i : i + 32])
                loss.backward()
                optimizer.step()
                epoch_loss += loss.item() / 4
            losses.append(epoch_loss)
        results["+".join(targets)] = {
            "target_modules": targets,
            "trainable_params": sum(p.numel() for p in params),
            "losses": losses,
            "final_loss": evaluate(model, x, y),  # the loss of the final model
        }
    return results
