# unusual: LBFGS with a closure, one step() per epoch; matching with regular expressions; wrapper via torch.func.functional_call on the old layer with a summed weight. All free by the contract.
import re
import torch
from torch import nn
from torch.func import functional_call
from lab import SimpleTransformerBlock, generate_synthetic_data


class Reweighted(nn.Module):
    def __init__(self, layer, rank, alpha):
        super().__init__()
        self.layer = layer
        self.scaling = alpha / rank
        self.lora_A = nn.Parameter(torch.empty_like(layer.weight[0]).repeat(rank, 1))
        self.lora_B = nn.Parameter(torch.zeros_like(layer.weight[:, 0]).unsqueeze(1).repeat(1, rank))
        nn.init.trunc_normal_(self.lora_A, std=0.05)

    def forward(self, x):
        delta = self.scaling * torch.mm(self.lora_B, self.lora_A)
        return functional_call(self.layer, {"weight": self.layer.weight + delta}, (x,))


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]
    model.requires_grad_(False)
    if not target_modules:
        return model            # "|".join([]) would match everything!
    pattern = re.compile("|".join(re.escape(t) for t in target_modules))
    for name, module in list(model.named_modules()):
        if isinstance(module, nn.Linear) and pattern.search(name):
            parent, child = re.fullmatch(r"(?:(.*)\.)?([^.]+)", name).groups()
            setattr(model.get_submodule(parent or ""), child, Reweighted(module, rank, alpha))
    return model


def compare_target_modules(target_configs, n_epochs=50):
    results = {}
    for targets in target_configs:
        torch.manual_seed(0)
        net = SimpleTransformerBlock()
        x, y = generate_synthetic_data(n_samples=48)
        net = add_lora_to_model_selective(net, 8, 16, targets)
        ps = [p for p in net.parameters() if p.requires_grad]
        opt = torch.optim.LBFGS(ps, lr=1.0, max_iter=3, max_eval=6, history_size=10,
                                tolerance_grad=0.0, tolerance_change=0.0, line_search_fn="strong_wolfe")

        def closure():
            opt.zero_grad()
            loss = ((net(x) - y) ** 2).mean()
            loss.backward()
            return loss

        losses = [opt.step(closure).item() for _ in range(n_epochs)]
        results["+".join(targets)] = {"target_modules": targets, "trainable_params": sum(p.numel() for p in ps),
                                      "losses": losses, "final_loss": losses[-1]}
    return results
