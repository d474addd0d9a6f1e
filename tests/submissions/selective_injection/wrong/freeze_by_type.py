# mistake: unnamed
# Any model with an nn.Embedding, nn.Conv1d, nn.BatchNorm1d or an own nn.Parameter: they stay trainable.
import torch
import torch.nn as nn
import torch.nn.functional as F
from lab import LoRALayer, SimpleTransformerBlock, generate_synthetic_data

DEFAULT = ["q_proj", "k_proj", "v_proj", "o_proj"]


def freeze(m):
    if isinstance(m, (nn.Linear, nn.LayerNorm)):
        m.weight.requires_grad = False
        if m.bias is not None:
            m.bias.requires_grad = False


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = DEFAULT
    model.apply(freeze)

    def inject(mod, prefix=""):
        for n, c in mod.named_children():
            full = prefix + n
            if isinstance(c, nn.Linear) and any(t in full for t in target_modules):
                setattr(mod, n, LoRALayer(c, rank=rank, alpha=alpha))
            else:
                inject(c, full + ".")

    inject(model)
    return model


def compare_target_modules(target_configs, n_epochs=50):
    out = {}
    for cfg in target_configs:
        torch.manual_seed(0)
        net = SimpleTransformerBlock()
        x, y = generate_synthetic_data()
        add_lora_to_model_selective(net, 8, 16, cfg)
        params = [p for p in net.parameters() if p.requires_grad]
        opt = torch.optim.Adam(params, lr=1e-3)
        losses = []
        for _ in range(n_epochs):
            loss = F.mse_loss(net(x), y)
            opt.zero_grad(); loss.backward(); opt.step()
            losses.append(loss.item())
        out["+".join(cfg)] = {"target_modules": cfg, "trainable_params": sum(p.numel() for p in params),
                              "losses": losses, "final_loss": losses[-1]}
    return out
