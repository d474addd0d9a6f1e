# mistake: unnamed
# Rank=4, alpha=2: the update is multiplied by 0; rank=2, alpha=5: by 2 instead of 2.5.
# unusual: own wrapper with factor nn.Linear, explicit stack
import torch
from torch import nn

from lab import SimpleTransformerBlock, generate_synthetic_data


class LoRA(nn.Module):
    def __init__(self, linear, r, alpha):
        super().__init__()
        self.linear = linear
        self.lora_A = nn.Linear(linear.in_features, r, bias=False).to(linear.weight.dtype)
        self.lora_B = nn.Linear(r, linear.out_features, bias=False).to(linear.weight.dtype)
        nn.init.normal_(self.lora_A.weight, std=1 / r)
        nn.init.zeros_(self.lora_B.weight)
        self.scale = alpha // r

    def forward(self, x):
        return self.linear(x) + self.lora_B(self.lora_A(x)) * self.scale


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]
    for p in model.parameters():
        p.requires_grad = False
    stack = [(model, "")]
    while stack:
        node, path = stack.pop()
        for key, child in list(node.named_children()):
            full = path + key
            if isinstance(child, nn.Linear):
                if any(t in full for t in target_modules):
                    setattr(node, key, LoRA(child, rank, alpha))
            else:
                stack.append((child, full + "."))
    return model


def compare_target_modules(target_configs, n_epochs=50):
    res = {}
    for tgt in target_configs:
        torch.manual_seed(0)
        net = SimpleTransformerBlock()
        x, y = generate_synthetic_data()
        add_lora_to_model_selective(net, 8, 16, tgt)
        ps = [p for p in net.parameters() if p.requires_grad]
        opt = torch.optim.Adam(ps, 1e-3)
        losses = []
        for _ in range(n_epochs):
            loss = nn.functional.mse_loss(net(x), y)
            opt.zero_grad()
            loss.backward()
            opt.step()
            losses.append(loss.item())
        res["+".join(tgt)] = {"target_modules": tgt, "trainable_params": sum(p.numel() for p in ps), "losses": losses, "final_loss": losses[-1]}
    return res
