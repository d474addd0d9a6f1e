# who: Pia, numerics postdoc who reads the torch docs for fun; unusual: torch parametrizations (weight = W + s B A), SGD with momentum
"""LoRA as a parametrization of the weight: the layer stays an nn.Linear and `layer.weight` is the updated matrix."""

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from lab import SimpleTransformerBlock, generate_synthetic_data


class LowRankUpdate(nn.Module):
    def __init__(self, W: Tensor, rank: int, alpha: float) -> None:
        super().__init__()
        m, n = W.shape
        self.lora_A = nn.Parameter(torch.empty(rank, n, dtype=W.dtype, device=W.device).normal_(std=n**-0.5))
        self.lora_B = nn.Parameter(torch.zeros(m, rank, dtype=W.dtype, device=W.device))
        self.s = alpha / rank

    def forward(self, W: Tensor) -> Tensor:
        return torch.addmm(W, self.lora_B, self.lora_A, alpha=self.s)


def _is_target(name: str, patterns) -> bool:
    return any(name == p or name.endswith("." + p) for p in patterns)


def add_lora_to_model_selective(
    model: nn.Module, rank: int = 8, alpha: float = 16, target_modules: list[str] | None = None
) -> nn.Module:
    patterns = ["q_proj", "k_proj", "v_proj", "o_proj"] if target_modules is None else target_modules
    model.requires_grad_(False)
    chosen = [m for n, m in model.named_modules() if isinstance(m, nn.Linear) and _is_target(n, patterns)]
    for layer in chosen:
        parametrize.register_parametrization(layer, "weight", LowRankUpdate(layer.weight, rank, alpha))
    return model


def compare_target_modules(target_configs: list[list[str]], n_epochs: int = 50) -> dict[str, dict]:
    out = {}
    for targets in target_configs:
        torch.manual_seed(0)
        block = SimpleTransformerBlock()
        x, y = generate_synthetic_data()
        add_lora_to_model_selective(block, target_modules=targets)  # rank 8, alpha 16 are the defaults
        theta = [p for p in block.parameters() if p.requires_grad]
        opt = torch.optim.SGD(theta, lr=0.5, momentum=0.9)
        losses = []
        for _ in range(n_epochs):
            loss = nn.functional.mse_loss(block(x), y)
            opt.zero_grad()
            loss.backward()
            opt.step()
            losses.append(float(loss))
        out["+".join(targets)] = {
            "target_modules": targets,
            "trainable_params": sum(p.numel() for p in theta),
            "losses": losses,
            "final_loss": losses[-1],
        }
    return out
