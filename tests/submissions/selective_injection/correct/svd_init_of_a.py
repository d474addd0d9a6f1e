# unusual: A is not random but the top right singular vectors of the pretrained weight (rest random when rank is larger); B is zero, so the output is unchanged. The init of A is free in exercise 2.
import torch
from torch import nn
import torch.nn.functional as F
import lab


def principal_rows(W: torch.Tensor, r: int) -> torch.Tensor:
    """(r, in): the r leading right singular vectors, filled up with noise."""
    _, _, Vh = torch.linalg.svd(W.detach().double(), full_matrices=False)
    Vh = Vh[:r]
    if len(Vh) < r:
        Vh = torch.cat([Vh, torch.randn(r - len(Vh), W.shape[1], dtype=Vh.dtype, device=Vh.device) / W.shape[1] ** 0.5])
    return Vh.to(W.dtype).contiguous()


class SpectralLoRA(nn.Module):
    def __init__(self, linear, r, alpha):
        super().__init__()
        self.linear, self.alpha, self.r = linear, alpha, r
        self.lora_A = nn.Linear(linear.in_features, r, bias=False)
        self.lora_B = nn.Linear(r, linear.out_features, bias=False)
        self.lora_A.weight = nn.Parameter(principal_rows(linear.weight, r))
        self.lora_B.weight = nn.Parameter(torch.zeros_like(linear.weight[:, :1]).repeat(1, r))

    def forward(self, x):
        return self.linear(x) + self.lora_B(self.lora_A(x)).mul(self.alpha).div(self.r)


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]
    model.requires_grad_(False)
    layers = {n: m for n, m in model.named_modules() if isinstance(m, nn.Linear)}
    for n, m in layers.items():
        if n.rsplit(".", 1)[-1] in target_modules:
            model.set_submodule(n, SpectralLoRA(m, rank, alpha))
    return model


def compare_target_modules(target_configs, n_epochs=50):
    def one(targets):
        torch.manual_seed(3)
        m = lab.SimpleTransformerBlock()
        x, y = lab.generate_synthetic_data(n_samples=64)
        add_lora_to_model_selective(m, 8, 16, targets)
        p = [q for q in m.parameters() if q.requires_grad]
        opt = torch.optim.Rprop(p, lr=1e-4, step_sizes=(1e-7, 1e-3))    # full batch, so Rprop is fine
        losses = []
        for _ in range(n_epochs):
            loss = F.mse_loss(m(x), y)
            opt.zero_grad(); loss.backward(); opt.step()
            losses.append(loss.item())
        return dict(target_modules=targets, trainable_params=sum(q.numel() for q in p), losses=losses, final_loss=losses[-1])
    return {"+".join(t): one(t) for t in target_configs}
