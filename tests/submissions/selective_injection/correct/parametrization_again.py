# parametrization
import torch
from torch import nn
from torch.nn.utils import parametrize
from lab import SimpleTransformerBlock, generate_synthetic_data


class PlusBA(nn.Module):
    def __init__(self, out_features, in_features, rank, alpha):
        super().__init__()
        self.lora_A = nn.Parameter(torch.randn(rank, in_features) * in_features ** -0.5)
        self.lora_B = nn.Parameter(torch.zeros(out_features, rank))
        self.c = alpha / rank

    def forward(self, W):
        return torch.addmm(W, self.lora_B, self.lora_A, alpha=self.c)


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]
    model.requires_grad_(False)
    found = [m for n, m in model.named_modules() if isinstance(m, nn.Linear) and any(n.endswith(t) for t in target_modules)]
    for m in found:
        parametrize.register_parametrization(m, "weight", PlusBA(*m.weight.shape, rank, alpha))
    for n, p in model.named_parameters():
        p.requires_grad_(n.endswith(("lora_A", "lora_B")))
    return model


def compare_target_modules(target_configs, n_epochs=50):
    results = {}
    for targets in target_configs:
        with torch.random.fork_rng():
            torch.manual_seed(6)
            model = SimpleTransformerBlock()
            x, y = generate_synthetic_data(64)
            add_lora_to_model_selective(model, target_modules=targets)
            params = [p for p in model.parameters() if p.requires_grad]
            momentum = [torch.zeros_like(p) for p in params]
            losses = []
            for _ in range(n_epochs):
                loss = (model(x) - y).pow(2).mean()
                grads = torch.autograd.grad(loss, params)
                with torch.no_grad():
                    for p, g, v in zip(params, grads, momentum):
                        v.mul_(0.9).add_(g)
                        p.sub_(v, alpha=0.05)
                losses.append(float(loss))
        results["+".join(targets)] = {"target_modules": list(targets), "trainable_params": sum(map(torch.numel, params)),
                                      "losses": losses, "final_loss": losses[-1], "seed": 6}
    return results
