# mistake: unnamed
# Any configuration: AdamW's weight decay shrinks the frozen weights by 1e-5 a step, since they were given gradients of zero.
import torch
from torch import nn

from lab import LoRALayer, SimpleTransformerBlock, generate_synthetic_data


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]
    model.requires_grad_(False)
    for name, module in list(model.named_modules()):
        if isinstance(module, nn.Linear) and any(t in name for t in target_modules):
            parent, _, child = name.rpartition(".")
            setattr(model.get_submodule(parent), child, LoRALayer(module, rank, alpha))
    return model


def grad_norm(model):
    """The norm of all gradients, and zeros where there are none."""
    for p in model.parameters():
        if p.grad is None:
            p.grad = torch.zeros_like(p)
    return torch.stack([p.grad.norm() for p in model.parameters()]).norm()


def compare_target_modules(target_configs, n_epochs=50):
    results = {}
    for targets in target_configs:
        torch.manual_seed(0)
        x, y = generate_synthetic_data()
        block = add_lora_to_model_selective(SimpleTransformerBlock(), 8, 16, targets)
        n_params = sum(p.numel() for p in block.parameters() if p.requires_grad)
        # frozen parameters have no gradients, so the optimizer leaves them alone
        opt = torch.optim.AdamW(block.parameters(), lr=1e-3)
        losses = []
        for _ in range(n_epochs):
            loss = nn.functional.mse_loss(block(x), y)
            opt.zero_grad()
            loss.backward()
            if not torch.isfinite(grad_norm(block)):
                raise RuntimeError("the training diverges")
            opt.step()
            losses.append(loss.item())
        results["+".join(targets)] = {
            "target_modules": targets,
            "trainable_params": n_params,
            "losses": losses,
            "final_loss": losses[-1],
        }
    return results
