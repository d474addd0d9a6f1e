# patched forward
import types
import torch
from torch import nn
from lab import SimpleTransformerBlock, generate_synthetic_data


def _forward(self, x):
    return nn.Linear.forward(self, x) + self.adapter(x)


class Adapter(nn.Module):
    def __init__(self, n_in, n_out, rank, alpha):
        super().__init__()
        self.lora_A = nn.Linear(n_in, rank, bias=False)
        self.lora_B = nn.Linear(rank, n_out, bias=False)
        nn.init.zeros_(self.lora_B.weight)
        self.register_buffer("scale", torch.tensor(alpha / rank))

    def forward(self, x):
        return self.scale * self.lora_B(self.lora_A(x))


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]
    model.requires_grad_(False)
    for name, m in list(model.named_modules()):
        if not isinstance(m, nn.Linear):
            continue
        if name.split(".")[-1] in target_modules:
            m.adapter = Adapter(m.in_features, m.out_features, rank, alpha)
            m.forward = types.MethodType(_forward, m)
    return model


def compare_target_modules(target_configs, n_epochs=50):
    out = {}
    for t in target_configs:
        torch.manual_seed(0)
        model, data = SimpleTransformerBlock(d_model=256, n_heads=8), generate_synthetic_data(32)
        add_lora_to_model_selective(model, 8, 16, t)
        ps = [p for p in model.parameters() if p.requires_grad]
        opt = torch.optim.Adagrad(ps, lr=1e-2)
        losses = []
        for _ in range(n_epochs):
            loss = nn.functional.huber_loss(model(data[0]), data[1])
            opt.zero_grad()
            loss.backward()
            opt.step()
            losses.append(loss.item())
        out["+".join(t)] = {"target_modules": t, "trainable_params": sum(p.numel() for p in ps), "losses": losses, "final_loss": losses[-1]}
    return out
