# as the old weight_norm did it: the weight is renamed and a pre-hook computes it anew before each call; conjugate gradients with line search
import torch
from torch import nn

from lab import SimpleTransformerBlock, generate_synthetic_data


def _merge(layer, args):
    layer.weight = layer.weight_frozen + layer.lora_scaling * (layer.lora_B @ layer.lora_A)


def _unmerge(layer, args, output):
    layer.weight = layer.weight_frozen.detach()


def _adapt(layer, rank, alpha):
    frozen = layer.weight
    delattr(layer, "weight")
    layer.register_parameter("weight_frozen", frozen)
    layer.lora_A = nn.Parameter(torch.randn(rank, layer.in_features).to(frozen).div_(layer.in_features**0.5))
    layer.lora_B = nn.Parameter(frozen.new_zeros(layer.out_features, rank))
    layer.lora_scaling = alpha / rank
    layer.weight = frozen.detach()
    layer.register_forward_pre_hook(_merge)
    layer.register_forward_hook(_unmerge, always_call=True)


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]
    model.requires_grad_(False)
    for name, module in model.named_modules():
        if isinstance(module, nn.Linear) and any(pattern in name for pattern in target_modules):
            _adapt(module, rank, alpha)
    return model


class ConjugateGradients:
    """Polak-Ribiere (+) directions, Armijo's rule with halving. One step is one pass over the data."""

    def __init__(self, params, loss):
        self.params, self.loss = params, loss
        self.direction = self.old = None
        self.length = 1.0

    def value_and_gradient(self):
        value = self.loss()
        return value.item(), torch.cat([g.flatten() for g in torch.autograd.grad(value, self.params)])

    def walk_to(self, vector):
        nn.utils.vector_to_parameters(vector, self.params)

    @torch.no_grad()
    def search(self, start, value, slope):
        t = self.length
        for _ in range(25):
            self.walk_to(start + t * self.direction)
            if self.loss().item() <= value + 1e-4 * t * slope:
                self.length = 2 * t
                return True
            t /= 2
        self.walk_to(start)
        return False

    def step(self):
        value, g = self.value_and_gradient()
        if self.direction is None:
            self.direction = -g
            self.length = (0.1 / g.norm().clamp_min(1e-12)).item()
        else:
            beta = (g @ (g - self.old) / (self.old @ self.old).clamp_min(1e-30)).clamp_min(0)
            self.direction = beta * self.direction - g
            if self.direction @ g >= 0:
                self.direction = -g
        self.old = g
        start = nn.utils.parameters_to_vector(self.params).detach()
        if not self.search(start, value, (self.direction @ g).item()):
            self.direction = None  # begin again with the steepest descent
        return value


def compare_target_modules(target_configs, n_epochs=50):
    table = {}
    for targets in target_configs:
        torch.manual_seed(314)
        block = SimpleTransformerBlock()
        x, y = generate_synthetic_data(24)
        add_lora_to_model_selective(block, 8, 16, targets)
        params = [p for p in block.parameters() if p.requires_grad]
        cg = ConjugateGradients(params, lambda: nn.functional.mse_loss(block(x), y))
        losses = [cg.step() for _ in range(n_epochs)]
        table["+".join(targets)] = {
            "target_modules": targets,
            "trainable_params": sum(p.numel() for p in params),
            "losses": losses,
            "final_loss": losses[-1],
        }
    return table
