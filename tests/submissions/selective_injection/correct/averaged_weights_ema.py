# the losses are those of an exponential moving average of the weights (AveragedModel); the wrapper's .weight is the merged one
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from lab import SimpleTransformerBlock, generate_synthetic_data

ATTENTION = ["q_proj", "k_proj", "v_proj", "o_proj"]


class LoRALinear(nn.Module):
    """Looks like an nn.Linear from outside: in_features, out_features, weight (merged), bias."""

    def __init__(self, wrapped: nn.Linear, rank: int, alpha: float) -> None:
        super().__init__()
        self.wrapped = wrapped
        self.in_features, self.out_features = wrapped.in_features, wrapped.out_features
        self.scaling = alpha / rank
        self.lora_A = nn.Parameter(torch.rand_like(wrapped.weight[0].expand(rank, -1)).sub_(0.5).mul_(0.1))
        self.lora_B = nn.Parameter(wrapped.weight.new_zeros((self.out_features, rank)))

    @property
    def weight(self) -> Tensor:
        return torch.addmm(self.wrapped.weight, self.lora_B, self.lora_A, alpha=self.scaling)

    @property
    def bias(self) -> Tensor | None:
        return self.wrapped.bias

    def forward(self, input: Tensor) -> Tensor:
        return nn.functional.linear(input, self.weight, self.bias)


def add_lora_to_model_selective(
    model: nn.Module, rank: int = 8, alpha: float = 16, target_modules: list[str] | None = None
) -> nn.Module:
    targets = ATTENTION if target_modules is None else target_modules
    adapters: set[Tensor] = set()
    for name, module in [*model.named_modules()]:
        if isinstance(module, nn.Linear) and any(("." + name).endswith("." + t) for t in targets):
            model.set_submodule(name, new := LoRALinear(module, rank, alpha))
            adapters |= {new.lora_A, new.lora_B}
    for p in model.parameters():
        p.requires_grad = p in adapters  # tensors hash by identity
    return model


def compare_target_modules(target_configs: list[list[str]], n_epochs: int = 50) -> dict[str, dict]:
    results: dict[str, dict] = {}
    for targets in target_configs:
        torch.manual_seed(42)
        block = SimpleTransformerBlock()
        x, y = generate_synthetic_data(32)
        add_lora_to_model_selective(block, target_modules=targets)
        average = AveragedModel(block, multi_avg_fn=get_ema_multi_avg_fn(0.8))
        average.update_parameters(block)
        trained = [p for p in block.parameters() if p.requires_grad]
        optimizer = torch.optim.RAdam(trained, lr=2e-3)
        losses: list[float] = []
        for _ in range(n_epochs):
            for batch in torch.arange(len(x)).view(2, -1):
                optimizer.zero_grad()
                nn.functional.mse_loss(block(x[batch]), y[batch]).backward()
                optimizer.step()
                average.update_parameters(block)
            with torch.no_grad():
                losses.append(nn.functional.mse_loss(average(x), y).item())
        results["+".join(targets)] = {
            "target_modules": targets,
            "trainable_params": sum(p.numel() for p in trained),
            "losses": losses,
            "final_loss": losses[-1],
        }
    return results
