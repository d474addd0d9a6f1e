# mistake: losses-not-reset
# The running loss is not set back at the start of an epoch, so the losses rise with each one.
import torch
from torch import nn
from torch.nn.utils import parametrize
from torch.utils.data import DataLoader, TensorDataset

from lab import SimpleTransformerBlock, generate_synthetic_data


class LowRankUpdate(nn.Module):
    """weight -> weight + alpha / rank * B @ A"""

    def __init__(self, out_features, in_features, rank, alpha):
        super().__init__()
        self.lora_A = nn.Parameter(torch.randn(rank, in_features) / in_features**0.5)
        self.lora_B = nn.Parameter(torch.zeros(out_features, rank))
        self.scaling = alpha / rank

    def forward(self, weight):
        return weight + self.scaling * self.lora_B @ self.lora_A


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]
    model.requires_grad_(False)
    layers = [
        module
        for name, module in model.named_modules()
        if isinstance(module, nn.Linear) and any(t in name for t in target_modules)
    ]
    for layer in layers:
        update = LowRankUpdate(layer.out_features, layer.in_features, rank, alpha)
        parametrize.register_parametrization(layer, "weight", update)
    return model


def compare_target_modules(target_configs, n_epochs=50):
    criterion = nn.MSELoss()
    results = {}
    for targets in target_configs:
        # same weights, data, factors and batches for everyone
        torch.manual_seed(0)
        block = SimpleTransformerBlock()
        x, y = generate_synthetic_data()
        loader = DataLoader(TensorDataset(x, y), batch_size=32, shuffle=True)
        block = add_lora_to_model_selective(block, 8, 16, targets)
        params = [p for p in block.parameters() if p.requires_grad]
        opt = torch.optim.AdamW(params, lr=1e-3)

        history = []
        total = 0.0
        for _ in range(n_epochs):
            for xb, yb in loader:
                opt.zero_grad()
                loss = criterion(block(xb), yb)
                loss.backward()
                opt.step()
                total += loss.item()
            history.append(total / len(loader))

        key = "+".join(targets)
        results[key] = dict(
            target_modules=list(targets),
            trainable_params=sum(p.numel() for p in params),
            losses=history,
            final_loss=history[-1],
        )
    return results
