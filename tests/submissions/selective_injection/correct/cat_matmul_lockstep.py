# input and weight are concatenated so that one F.linear does all; all configurations are trained in lockstep, epoch by epoch
import torch
import torch.nn.functional as F
from torch import nn

from lab import SimpleTransformerBlock, generate_synthetic_data


class WideLinear(nn.Module):
    """[x | s x A'] @ [W | B]' + b: the pretrained weight with `rank` additional input features."""

    def __init__(self, layer, rank, alpha):
        super().__init__()
        self.inner = layer
        self.s = alpha / rank
        W = layer.weight.detach()
        self.lora_A = nn.Parameter(torch.randn(rank, W.shape[1]).to(W) / W.shape[1] ** 0.5)
        self.lora_B = nn.Parameter(W.new_zeros(W.shape[0], rank))

    def forward(self, x):
        extra = F.linear(x, self.lora_A).mul(self.s)
        return F.linear(torch.cat((x, extra), -1), torch.cat((self.inner.weight, self.lora_B), 1), self.inner.bias)


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = "q_proj k_proj v_proj o_proj".split()
    model.requires_grad_(False)
    endings = tuple(target_modules)
    work = [n for n, m in model.named_modules() if isinstance(m, nn.Linear) and n.endswith(endings)]
    for name in work:
        model.set_submodule(name, WideLinear(model.get_submodule(name), rank, alpha))
    return model


def _training(targets, batch_size=16, seed=7):
    """A coroutine: the first value is the number of trained parameters, each further one an epoch's loss."""
    torch.manual_seed(seed)
    block = SimpleTransformerBlock()
    data = torch.utils.data.TensorDataset(*generate_synthetic_data(48))
    add_lora_to_model_selective(block, target_modules=targets)
    factors = [p for p in block.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(factors, lr=5e-4, weight_decay=0.0)
    order = torch.Generator().manual_seed(seed)  # own generator: the others draw from the global one in between
    yield sum(map(torch.Tensor.numel, factors))
    while True:
        total = 0.0
        for rows in torch.randperm(len(data), generator=order).split(batch_size):
            x, y = data[rows]
            loss = F.mse_loss(block(x), y)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(rows)
        yield total / len(data)


def compare_target_modules(target_configs, n_epochs=50):
    runs = [_training(targets) for targets in target_configs]
    entries = [
        {"target_modules": list(targets), "trainable_params": next(run), "losses": []}
        for targets, run in zip(target_configs, runs)
    ]
    for _ in range(n_epochs):
        for entry, run in zip(entries, runs):
            entry["losses"].append(next(run))
    for entry in entries:
        entry["final_loss"] = entry["losses"][-1]
    return {"+".join(entry["target_modules"]): entry for entry in entries}
