# unusual: numerical analyst: the update is computed in float64 and cast back, training in float64 with L-BFGS and strong Wolfe, QR-orthonormal A
import torch
from torch import Tensor, nn

import lab

DOUBLE = torch.float64


class LowRankUpdate(nn.Module):
    """x -> fl(W x + b) + fl((alpha / r) B (A x)), the bracketed product in double precision."""

    def __init__(self, base: nn.Linear, r: int, alpha: float) -> None:
        super().__init__()
        self.base = base
        n, m = base.in_features, base.out_features
        G = torch.randn(max(n, r), min(n, r), dtype=DOUBLE)
        Q, R = torch.linalg.qr(G)
        Q = Q * torch.sign(torch.diagonal(R))  # Haar distributed
        A = Q.T if r <= n else Q
        self.lora_A = nn.Parameter(A.to(base.weight).contiguous())
        self.lora_B = nn.Parameter(torch.zeros(m, r, dtype=base.weight.dtype, device=base.weight.device))
        self.sigma = alpha / r

    def forward(self, x: Tensor) -> Tensor:
        y = self.base(x)
        z = x.to(DOUBLE) @ self.lora_A.to(DOUBLE).T
        z = self.sigma * (z @ self.lora_B.to(DOUBLE).T)
        return y + z.to(y.dtype)


def add_lora_to_model_selective(model: nn.Module, rank: int = 8, alpha: float = 16, target_modules: list[str] | None = None) -> nn.Module:
    patterns = ["q_proj", "k_proj", "v_proj", "o_proj"] if target_modules is None else target_modules
    adapted = []
    for name, layer in list(model.named_modules()):
        if isinstance(layer, nn.Linear) and any(name.split(".")[-1] == p for p in patterns):
            head, _, tail = name.rpartition(".")
            new = LowRankUpdate(layer, rank, alpha)
            setattr(model.get_submodule(head), tail, new)
            adapted += [new.lora_A, new.lora_B]
    keep = {id(p) for p in adapted}
    for p in model.parameters():
        p.requires_grad_(id(p) in keep)
    return model


def compare_target_modules(target_configs: list[list[str]], n_epochs: int = 50) -> dict[str, dict]:
    results: dict[str, dict] = {}
    for targets in target_configs:
        torch.manual_seed(1)
        model = lab.SimpleTransformerBlock()
        x, y = (t.to(DOUBLE) for t in lab.generate_synthetic_data(n_samples=16, seq_len=8))
        add_lora_to_model_selective(model, 8, 16, targets).to(DOUBLE)
        params = [p for p in model.parameters() if p.requires_grad]
        opt = torch.optim.LBFGS(params, lr=1.0, max_iter=2, history_size=5, line_search_fn="strong_wolfe")

        def closure() -> Tensor:
            opt.zero_grad()
            r = model(x) - y
            f = r.square().sum() / (2 * r.numel())
            f.backward()
            return f

        losses = [opt.step(closure).item() for _ in range(n_epochs)]
        results["+".join(targets)] = {
            "target_modules": targets,
            "trainable_params": sum(p.numel() for p in params),
            "losses": losses,
            "final_loss": losses[-1],
        }
    return results
