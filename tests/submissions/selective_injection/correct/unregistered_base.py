# the pretrained layer is kept in a one-element tuple, outside the module tree; gradient accumulation
import torch
import torch.nn as nn

from lab import SimpleTransformerBlock, generate_synthetic_data


class Adapter(nn.Module):
    def __init__(self, layer, rank, alpha):
        super().__init__()
        self._layer = (layer,)
        self.lora_A = nn.Parameter(torch.randn(rank, layer.in_features) / layer.in_features)
        self.lora_B = nn.Parameter(torch.zeros(layer.out_features, rank))
        self.scaling = alpha / rank

    @property
    def weight(self):
        return self._layer[0].weight

    @property
    def bias(self):
        return self._layer[0].bias

    def _apply(self, fn, recurse=True):
        self._layer[0]._apply(fn, recurse)
        return super()._apply(fn, recurse)

    def forward(self, x):
        return self._layer[0](x) + self.scaling * nn.functional.linear(x @ self.lora_A.T, self.lora_B)


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    targets = ["q_proj", "k_proj", "v_proj", "o_proj"] if target_modules is None else list(target_modules)
    model.requires_grad_(False)
    for parent_name, parent in list(model.named_modules()):
        for name, child in list(parent.named_children()):
            full_name = f"{parent_name}.{name}".lstrip(".")
            if isinstance(child, nn.Linear) and any(t in full_name for t in targets):
                setattr(parent, name, Adapter(child, rank, alpha))
    return model


def compare_target_modules(target_configs, n_epochs=50):
    results = {}
    for targets in target_configs:
        torch.manual_seed(3)
        block = SimpleTransformerBlock()
        x, y = generate_synthetic_data(64)
        add_lora_to_model_selective(block, 8, 16, targets)
        params = [p for p in block.parameters() if p.requires_grad]
        optimizer = torch.optim.Adam(params, lr=2e-3)
        losses = []
        for _ in range(n_epochs):
            optimizer.zero_grad()
            epoch = 0.0
            for xb, yb in zip(x.chunk(4), y.chunk(4)):
                loss = nn.functional.mse_loss(block(xb), yb) / 4
                loss.backward()
                epoch += loss.item()
            optimizer.step()
            losses.append(epoch)
        results["+".join(targets)] = {
            "target_modules": targets,
            "trainable_params": sum(p.numel() for p in params),
            "losses": losses,
            "final_loss": losses[-1],
        }
    return results
