# forward hook
import math
import torch
from torch import nn
import torch.nn.functional as F
from lab import SimpleTransformerBlock, generate_synthetic_data


def _lora_hook(layer, args, output):
    return output + layer.lora_scale * F.linear(F.linear(args[0], layer.lora_A), layer.lora_B)


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    """No wrapper: the factors hang on the Linear itself, a hook adds the update."""
    wanted = ("q_proj", "k_proj", "v_proj", "o_proj") if target_modules is None else target_modules
    model.requires_grad_(False)
    for name, layer in model.named_modules():
        if isinstance(layer, nn.Linear) and any(w in name for w in wanted):
            layer.lora_A = nn.Parameter(torch.empty(rank, layer.in_features))
            layer.lora_B = nn.Parameter(torch.zeros(layer.out_features, rank))
            nn.init.kaiming_uniform_(layer.lora_A, a=math.sqrt(5))
            layer.lora_scale = alpha / rank
            layer.register_forward_hook(_lora_hook)
    return model


def compare_target_modules(target_configs, n_epochs=50):
    def trained(targets):
        torch.manual_seed(77)
        x, y = generate_synthetic_data(n_samples=48, seq_len=12)
        block = add_lora_to_model_selective(SimpleTransformerBlock(), target_modules=targets)
        adapters = [p for p in block.parameters() if p.requires_grad]
        opt = torch.optim.Adam(adapters, lr=2e-3, amsgrad=True)
        curve = []
        for _ in range(n_epochs):
            opt.zero_grad()
            loss = F.l1_loss(block(x), y)
            loss.backward()
            opt.step()
            curve.append(loss.item())
        return {"target_modules": targets, "trainable_params": sum(p.numel() for p in adapters), "losses": curve, "final_loss": curve[-1]}

    return {"+".join(t): trained(t) for t in target_configs}
