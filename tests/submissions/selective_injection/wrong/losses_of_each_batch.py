# mistake: losses-per-batch
# The losses of all batches are listed, not one per epoch.
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from lab import SimpleTransformerBlock, generate_synthetic_data


def _attach_lora(layer, rank, alpha):
    """Put the factors on the layer itself and let a forward hook add their part to the output."""
    layer.register_parameter("lora_A", nn.Parameter(torch.randn(rank, layer.in_features) * 0.02))
    layer.register_parameter("lora_B", nn.Parameter(torch.zeros(layer.out_features, rank)))
    scaling = alpha / rank

    def lora_hook(module, args, output):
        (x,) = args
        return output + scaling * (x @ module.lora_A.t()) @ module.lora_B.t()

    layer.register_forward_hook(lora_hook)


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]
    for p in model.parameters():
        p.requires_grad_(False)
    for name, layer in model.named_modules():
        if not isinstance(layer, nn.Linear):
            continue
        if any(pattern in name for pattern in target_modules):
            _attach_lora(layer, rank, alpha)
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
        for _ in range(n_epochs):
            for xb, yb in loader:
                opt.zero_grad()
                loss = criterion(block(xb), yb)
                loss.backward()
                opt.step()
                history.append(loss.item())

        key = "+".join(targets)
        results[key] = dict(
            target_modules=list(targets),
            trainable_params=sum(p.numel() for p in params),
            losses=history,
            final_loss=history[-1],
        )
    return results
