# linear subclass shared weight
import torch
from torch import nn, Tensor
from lab import SimpleTransformerBlock, generate_synthetic_data


class L(nn.Linear):
    def __init__(self, old, rank, alpha):
        nn.Module.__init__(self)
        self.in_features, self.out_features = old.in_features, old.out_features
        self.weight = old.weight
        self.register_parameter("bias", old.bias)
        self.register_parameter("lora_A", nn.Parameter(torch.rand(rank, self.in_features) - 0.5))
        self.register_parameter("lora_B", nn.Parameter(torch.zeros(self.out_features, rank)))
        self.k = alpha / rank

    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.linear(x, self.weight + self.k * (self.lora_B @ self.lora_A), self.bias)


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    default = tuple(f"{c}_proj" for c in "qkvo")
    targets = default if target_modules is None else tuple(target_modules)
    # erst einsammeln, dann ersetzen, zuletzt einfrieren
    replaced = {}
    for name, module in model.named_modules():
        if isinstance(module, nn.Linear) and name.endswith(targets):
            replaced[name] = L(module, rank, alpha)
    for name, layer in replaced.items():
        parent, _, leaf = name.rpartition(".")
        setattr(model.get_submodule(parent), leaf, layer)
    for p in model.parameters():
        p.requires_grad = False
    for layer in replaced.values():
        layer.lora_A.requires_grad = layer.lora_B.requires_grad = True
    return model


def compare_target_modules(target_configs, n_epochs=50):
    ergebnis = {}
    for ziele in target_configs:
        torch.manual_seed(0)
        modell = SimpleTransformerBlock()
        x, y = generate_synthetic_data(n_samples=64)
        add_lora_to_model_selective(modell, target_modules=ziele)
        gewichte = [p for p in modell.parameters() if p.requires_grad]
        opt = torch.optim.AdamW(gewichte, lr=5e-4)
        verlauf = []
        for _ in range(n_epochs):
            modell.zero_grad()
            verlust = 1000 * nn.functional.mse_loss(modell(x), y)
            verlust.backward()
            nn.utils.clip_grad_norm_(gewichte, 1.0)
            opt.step()
            verlauf.append(verlust.item())
        ergebnis["+".join(ziele)] = dict(target_modules=ziele, trainable_params=sum(p.numel() for p in gewichte), losses=verlauf, final_loss=verlauf[-1])
    return ergebnis
