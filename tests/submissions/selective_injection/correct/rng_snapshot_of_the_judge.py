# unusual: no fixed seed: the state of torch's generator at the start of the call is saved and put back before each configuration (and after). "The judge seeds before each call; what happens without that is not graded."
import torch
from torch import nn
from contextlib import contextmanager
from lab import LoRALayer, SimpleTransformerBlock, generate_synthetic_data


@contextmanager
def same_randomness(state):
    torch.set_rng_state(state)
    try:
        yield
    finally:
        torch.set_rng_state(state)


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    """Inject LoRA in the chosen nn.Linear layers."""
    if target_modules is None:
        target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]
    assert rank >= 1 and alpha > 0, "bad rank or alpha"

    # 1) freeze
    for p in model.parameters():
        p.requires_grad = False

    # 2) collect
    found = {}
    for name, module in model.named_modules():
        if isinstance(module, nn.Linear):
            for target in target_modules:
                if target in name:
                    found[name] = module

    # 3) replace
    for name, module in found.items():
        if "." in name:
            parent_name, child_name = name.rsplit(".", 1)
            parent = model.get_submodule(parent_name)
        else:
            parent, child_name = model, name
        setattr(parent, child_name, LoRALayer(module, rank, alpha))
    return model


def compare_target_modules(target_configs, n_epochs=50):
    state = torch.get_rng_state()
    results = {}
    for targets in target_configs:
        with same_randomness(state):
            model = SimpleTransformerBlock()
            x, y = generate_synthetic_data()
            add_lora_to_model_selective(model, 8, 16, targets)
            params = [p for p in model.parameters() if p.requires_grad]
            optimizer = torch.optim.AdamW(params, lr=1e-3, weight_decay=0.1)
            losses = []
            for epoch in range(n_epochs):
                out = []
                for xb, yb in zip(x.split(32), y.split(32)):
                    optimizer.zero_grad()
                    loss = nn.functional.l1_loss(model(xb), yb)
                    loss.backward()
                    optimizer.step()
                    out.append(loss.detach())
                losses.append(torch.stack(out).mean().item())
            results["+".join(targets)] = {
                "target_modules": targets,
                "trainable_params": sum(p.numel() for p in params),
                "losses": losses,
                "final_loss": losses[-1],
            }
    return results
