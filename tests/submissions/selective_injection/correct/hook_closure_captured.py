# unusual: a forward hook on the untouched nn.Linear adds the update; hook is a closure that captured the two Parameters (also registered on the layer). Contract: "a hook" is all right.
import torch
import torch.nn as nn
from lab import SimpleTransformerBlock, generate_synthetic_data

DEFAULT = ("q_proj", "k_proj", "v_proj", "o_proj")


def _attach(linear, rank, alpha):
    w = linear.weight
    A = nn.Parameter(torch.empty_like(w[:1].expand(rank, -1).contiguous()).normal_(std=0.02))
    B = nn.Parameter(w.new_zeros(linear.out_features, rank))
    linear.register_parameter("lora_A", A)
    linear.register_parameter("lora_B", B)
    scale = alpha / rank

    def hook(module, args, output):
        (x,) = args
        return output + (x @ A.t()) @ B.t() * scale

    linear.register_forward_hook(hook)


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    pats = DEFAULT if target_modules is None else tuple(target_modules)
    model.requires_grad_(False)
    for name, mod in model.named_modules():
        if isinstance(mod, nn.Linear) and any(p in name for p in pats):
            _attach(mod, rank, alpha)  # no submodule is added, so iterating is safe
    return model


def compare_target_modules(target_configs, n_epochs=50):
    result = {}
    for targets in target_configs:
        torch.manual_seed(7)
        model = SimpleTransformerBlock()
        x, y = generate_synthetic_data(n_samples=64)
        add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=targets)
        g = torch.Generator().manual_seed(99)  # order of batches: own generator
        train = [p for p in model.parameters() if p.requires_grad]
        opt = torch.optim.NAdam(train, lr=1e-3)
        losses = []
        for epoch in range(n_epochs):
            total = 0.0
            for idx in torch.randperm(len(x), generator=g).split(16):
                loss = (model(x[idx]) - y[idx]).square().mean()
                opt.zero_grad(set_to_none=True)
                loss.backward()
                opt.step()
                total += loss.item() * len(idx)
            losses.append(total / len(x))
        result["+".join(targets)] = {
            "target_modules": list(targets),
            "trainable_params": sum(p.numel() for p in train),
            "losses": losses,
            "final_loss": losses[-1],
        }
    return result
