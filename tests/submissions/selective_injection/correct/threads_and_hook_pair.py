# one thread for each configuration (set up under a lock, so that the seeds hold); a pre-hook and a hook share the update; RMSprop
import threading
from concurrent.futures import ThreadPoolExecutor

import torch
from torch import nn

from lab import SimpleTransformerBlock, generate_synthetic_data

_SETUP = threading.Lock()


class Adapter(nn.Module):
    """Hangs below the layer; on the way in it computes A x, on the way out it adds (alpha / rank) B A x."""

    def __init__(self, layer, rank, alpha):
        super().__init__()
        kind = {"device": layer.weight.device, "dtype": layer.weight.dtype}
        self.lora_A = nn.Parameter(torch.empty(rank, layer.in_features, **kind))
        self.lora_B = nn.Parameter(torch.zeros(layer.out_features, rank, **kind))
        nn.init.xavier_normal_(self.lora_A)
        self.scaling = alpha / rank
        self.pending = []

    def on_the_way_in(self, layer, args, kwargs):
        x = args[0] if args else kwargs["input"]
        self.pending.append(x @ self.lora_A.t())

    def on_the_way_out(self, layer, args, kwargs, output):
        return output + self.pending.pop() @ self.lora_B.t() * self.scaling


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]
    linears = {name: m for name, m in model.named_modules() if isinstance(m, nn.Linear)}
    model.requires_grad_(False)
    for name, layer in linears.items():
        if any(name == t or name.endswith("." + t) for t in target_modules):
            layer.adapter = Adapter(layer, rank, alpha)
            layer.register_forward_pre_hook(layer.adapter.on_the_way_in, with_kwargs=True)
            layer.register_forward_hook(layer.adapter.on_the_way_out, with_kwargs=True)
    return model


def _experiment(targets, n_epochs):
    with _SETUP:  # everything random happens in here; the training below draws nothing
        torch.manual_seed(31)
        x, y = generate_synthetic_data(32)
        block = SimpleTransformerBlock()
        add_lora_to_model_selective(block, 8, 16, targets)
    params = [p for p in block.parameters() if p.requires_grad]
    optimizer = torch.optim.RMSprop(params, lr=1e-4, alpha=0.9)
    losses = []
    for _ in range(n_epochs):
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(block(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return {
        "target_modules": targets,
        "trainable_params": sum(p.numel() for p in params),
        "losses": losses,
        "final_loss": losses[-1],
    }


def compare_target_modules(target_configs, n_epochs=50):
    with ThreadPoolExecutor(max_workers=max(1, len(target_configs))) as pool:
        entries = list(pool.map(lambda targets: _experiment(targets, n_epochs), target_configs))
    return {"+".join(targets): entry for targets, entry in zip(target_configs, entries)}
