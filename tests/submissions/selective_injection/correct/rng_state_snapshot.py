# style: torch.get_rng_state once, set_rng_state before each configuration; iterative stack with paths; while loop
import torch
from torch import nn
import lab


class LoraLinear(lab.LoRALayer):
    def extra_repr(self):
        return f"rank={self.rank}, alpha={self.alpha}"


def iter_paths(root):
    stack = [((), root)]
    while stack:
        path, module = stack.pop()
        yield path, module
        stack.extend((path + (k,), v) for k, v in module._modules.items() if v is not None)


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    targets = ["q_proj", "k_proj", "v_proj", "o_proj"] if target_modules is None else target_modules
    matches = [p for p, m in iter_paths(model)
               if isinstance(m, nn.Linear) and any(t == ".".join(p[-1:]) or ".".join(p).endswith("." + t) for t in targets)]
    for parameter in model.parameters():
        parameter.requires_grad = False
    for *path, leaf in matches:
        parent = model
        for step in path:
            parent = getattr(parent, step)
        setattr(parent, leaf, LoraLinear(getattr(parent, leaf), rank, alpha))
    return model


def compare_target_modules(target_configs, n_epochs=50):
    results = {}
    rng = torch.get_rng_state()
    pending = list(target_configs)
    while pending:
        targets = pending.pop(0)
        torch.set_rng_state(rng)
        model = lab.SimpleTransformerBlock(d_model=256, n_heads=8)
        inputs, outputs = lab.generate_synthetic_data(n_samples=128, seq_len=8)
        add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=targets)
        opt = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-3)
        losses = []
        epoch = 0
        while epoch < n_epochs:
            order = torch.randperm(len(inputs))
            total = torch.zeros(())
            for chunk in order.split(64):
                opt.zero_grad()
                loss = nn.functional.mse_loss(model(inputs[chunk]), outputs[chunk])
                loss.backward()
                opt.step()
                total += loss.detach()
            losses.append((total / 2).item())
            epoch += 1
        results["+".join(targets)] = {
            "target_modules": targets,
            "trainable_params": sum(p.numel() for p in model.parameters() if p.requires_grad),
            "losses": losses,
            "final_loss": losses[-1],
        }
    return results
