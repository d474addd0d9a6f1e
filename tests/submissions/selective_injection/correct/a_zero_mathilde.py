# who: Mathilde, pure mathematician, symmetric taste: "B A = 0 needs one zero factor, I take A"; unusual: A starts at zero and B random (section 2 of the contract asks only that the output does not change)
import torch
from torch import nn
from lab import SimpleTransformerBlock, generate_synthetic_data


class Perturbed(nn.Module):
    r"""T x + (alpha/r) B A x,  T fixed,  A = 0 at first, B gaussian. d/dA = B^T (...) is not 0, so A moves at once."""

    def __init__(self, T: nn.Linear, r: int, alpha: float):
        super().__init__()
        self.T = T
        n, m = T.in_features, T.out_features
        opts = dict(dtype=T.weight.dtype, device=T.weight.device)
        self.lora_A = nn.Parameter(torch.zeros(r, n, **opts))
        self.lora_B = nn.Parameter(torch.randn(m, r, **opts) / m**0.5)
        self.c = alpha / r

    def forward(self, x):
        return self.T(x) + self.c * torch.einsum("...n,rn,mr->...m", x, self.lora_A, self.lora_B)


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    S = {"q_proj", "k_proj", "v_proj", "o_proj"} if target_modules is None else set(target_modules)
    for p in model.parameters():
        p.requires_grad = False
    def go(M):
        for k, N in list(M.named_children()):
            if isinstance(N, nn.Linear) and k in S:
                setattr(M, k, Perturbed(N, rank, alpha))
            else:
                go(N)
    go(model)
    return model


def compare_target_modules(target_configs, n_epochs=50):
    R = {}
    for S in target_configs:
        torch.manual_seed(3)
        f = SimpleTransformerBlock()
        x, y = generate_synthetic_data()
        add_lora_to_model_selective(f, 8, 16, S)
        th = [p for p in f.parameters() if p.requires_grad]
        opt = torch.optim.Adam(th, lr=1e-3)
        L = []
        for k in range(n_epochs):
            l = torch.linalg.vector_norm(f(x) - y) ** 2 / y.numel()
            opt.zero_grad()
            l.backward()
            opt.step()
            L += [l.item()]
        R["+".join(S)] = dict(target_modules=S, trainable_params=sum(p.numel() for p in th), losses=L, final_loss=L[-1])
    return R
