# unusual: one matmul [x, A x] @ [W, s B]^T + b instead of two paths (numerically another order, same formula); weight and bias are kept as frozen Parameters of the wrapper itself, the old layer is dropped ("holds the layer itself or a copy").
import torch
import torch.nn.functional as F
from torch import nn
from lab import SimpleTransformerBlock, generate_synthetic_data


class FusedLoRA(nn.Module):
    __constants__ = ["in_features", "out_features", "scaling"]

    def __init__(self, src: nn.Linear, rank: int, alpha: float):
        super().__init__()
        self.in_features, self.out_features = src.in_features, src.out_features
        self.scaling = alpha / rank
        self.weight = nn.Parameter(src.weight.detach().clone(), requires_grad=False)
        if src.bias is None:
            self.register_parameter("bias", None)
        else:
            self.bias = nn.Parameter(src.bias.detach().clone(), requires_grad=False)
        self.lora_A = nn.Parameter(nn.init.kaiming_normal_(torch.empty_like(self.weight[:1]).repeat(rank, 1)))
        self.lora_B = nn.Parameter(torch.zeros_like(self.weight[:, :1]).repeat(1, rank))

    def forward(self, x):
        xs = torch.cat((x, F.linear(x, self.lora_A)), dim=-1)
        ws = torch.cat((self.weight, self.lora_B * self.scaling), dim=1)
        return F.linear(xs, ws, self.bias)


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    wanted = ("q_proj", "k_proj", "v_proj", "o_proj") if target_modules is None else target_modules
    model.requires_grad_(False)

    def visit(module, path):
        for key in list(module._modules):
            sub = module._modules[key]
            if sub is None:
                continue
            here = path + [key]
            if isinstance(sub, nn.Linear) and any(w in ".".join(here) for w in wanted):
                module._modules[key] = FusedLoRA(sub, rank, alpha)
            else:
                visit(sub, here)

    visit(model, [])
    return model


def compare_target_modules(target_configs, n_epochs=50):
    out = {}
    for targets in target_configs:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(77)
            block = SimpleTransformerBlock()
            x, y = generate_synthetic_data()
            block = add_lora_to_model_selective(block, 8, 16, targets)
            loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, y), batch_size=32, shuffle=True)
            train = [p for p in block.parameters() if p.requires_grad]
            opt = torch.optim.AdamW(train, 1e-3)
            losses = []
            for _ in range(n_epochs):
                s = 0.0
                for xb, yb in loader:
                    loss = F.smooth_l1_loss(block(xb), yb, beta=0.5)
                    opt.zero_grad()
                    loss.backward()
                    opt.step()
                    s += float(loss) * len(xb)
                losses.append(s / len(x))
        out["+".join(targets)] = {"target_modules": targets, "trainable_params": sum(p.numel() for p in train),
                                  "losses": losses, "final_loss": losses[-1]}
    return out
