# mistake: unnamed
# Q_proj of any model, rank 2: with B set to zero the wrapped layer does not give the pretrained layer's output; y != W x + s B A x for new A, B.
# unusual: SVD initialisation
import torch
from torch import nn

from lab import LoRALayer, SimpleTransformerBlock, generate_synthetic_data


@torch.no_grad()
def pissa_(layer: LoRALayer) -> LoRALayer:
    """Principal singular values and vectors adaptation (Meng et al. 2024): converges faster than B = 0."""
    W = layer.original_layer.weight
    U, S, Vh = torch.linalg.svd(W, full_matrices=False)
    r = min(layer.rank, S.numel())
    root = (S[:r] / layer.scaling).sqrt()
    layer.lora_A.zero_()
    layer.lora_B.zero_()
    layer.lora_A[:r] = root[:, None] * Vh[:r]
    layer.lora_B[:, :r] = U[:, :r] * root
    W -= layer.scaling * layer.lora_B @ layer.lora_A  # the residual stays in the base, output as before
    return layer


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]
    model.requires_grad_(False)
    for name, module in list(model.named_modules()):
        if isinstance(module, nn.Linear) and any(t in name for t in target_modules):
            parent, _, child = name.rpartition(".")
            setattr(model.get_submodule(parent), child, pissa_(LoRALayer(module, rank, alpha)))
    return model


def compare_target_modules(target_configs, n_epochs=50):
    results = {}
    for targets in target_configs:
        torch.manual_seed(0)
        block = SimpleTransformerBlock()
        x, y = generate_synthetic_data()
        add_lora_to_model_selective(block, 8, 16, targets)
        params = [p for p in block.parameters() if p.requires_grad]
        opt = torch.optim.AdamW(params, lr=1e-3)
        losses = []
        for _ in range(n_epochs):
            loss = nn.functional.mse_loss(block(x), y)
            opt.zero_grad()
            loss.backward()
            opt.step()
            losses.append(loss.item())
        results["+".join(targets)] = {
            "target_modules": targets,
            "trainable_params": sum(p.numel() for p in params),
            "losses": losses,
            "final_loss": losses[-1],
        }
    return results
