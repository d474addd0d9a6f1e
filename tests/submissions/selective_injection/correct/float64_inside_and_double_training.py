# unusual: the adapter's path is computed in float64 and cast back, and the comparison trains the block in double precision. The formula is the same; dtype inside is nobody's business.
import torch
from torch import nn
from lab import SimpleTransformerBlock, generate_synthetic_data


class PreciseLoRA(nn.Module):
    def __init__(self, lin: nn.Linear, rank: int, alpha: float):
        super().__init__()
        self.lin = lin
        self.scale = alpha / rank
        self.lora_A = nn.Parameter(nn.init.xavier_normal_(torch.empty(rank, lin.in_features)).to(lin.weight))
        self.lora_B = nn.Parameter(torch.zeros(lin.out_features, rank).to(lin.weight))

    def forward(self, x):
        y = self.lin(x)
        d = (x.double() @ self.lora_A.double().T) @ self.lora_B.double().T
        return y + (self.scale * d).to(y.dtype)


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = ("q_proj", "k_proj", "v_proj", "o_proj")
    model.requires_grad_(False)
    for name, lin in [*model.named_modules()]:
        if isinstance(lin, nn.Linear) and any(map(name.__contains__, target_modules)):
            p, _, c = name.rpartition(".")
            model.get_submodule(p).register_module(c, PreciseLoRA(lin, rank, alpha))
    return model


def compare_target_modules(target_configs, n_epochs=50):
    results = {}
    for targets in target_configs:
        torch.manual_seed(5)
        block = add_lora_to_model_selective(SimpleTransformerBlock(), 8, 16, targets).double()
        torch.manual_seed(6)
        x, y = (t.double() for t in generate_synthetic_data(64))
        train = [p for p in block.parameters() if p.requires_grad]
        opt = torch.optim.Adam(train, lr=1e-3, amsgrad=True)
        losses = []
        for _ in range(n_epochs):
            for xb, yb in zip(x.split(32), y.split(32)):
                opt.zero_grad()
                ((block(xb) - yb) ** 2).mean().backward()
                opt.step()
            with torch.no_grad():
                losses.append(((block(x) - y) ** 2).mean().item())
        results["+".join(targets)] = {
            "target_modules": targets,
            "trainable_params": sum(p.numel() for p in train),
            "losses": losses,
            "final_loss": losses[-1],
        }
    return results
