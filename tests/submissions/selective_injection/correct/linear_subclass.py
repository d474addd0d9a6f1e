# replaced by a subclass of nn.Linear that shares weight and bias; extra keys with validation losses
import torch
from torch import nn
from torch.nn.functional import linear, mse_loss

from lab import SimpleTransformerBlock, generate_synthetic_data


class LoRALinear(nn.Linear):
    @classmethod
    def from_linear(cls, layer, rank, alpha):
        new = cls(layer.in_features, layer.out_features, bias=layer.bias is not None)
        new.weight = layer.weight
        new.bias = layer.bias
        new.lora_A = nn.Parameter(nn.init.normal_(torch.empty(rank, layer.in_features), std=0.05))
        new.lora_B = nn.Parameter(torch.zeros(layer.out_features, rank))
        new.rank, new.alpha = rank, alpha
        return new.train(layer.training)

    def forward(self, x):
        return super().forward(x) + self.alpha / self.rank * linear(linear(x, self.lora_A), self.lora_B)


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    targets = target_modules
    if targets is None:
        targets = ["q_proj", "k_proj", "v_proj", "o_proj"]
    model.requires_grad_(False)
    for name, layer in tuple(model.named_modules()):
        if isinstance(layer, nn.Linear) and name.split(".")[-1] in targets:
            owner = model.get_submodule(".".join(name.split(".")[:-1]))
            setattr(owner, name.split(".")[-1], LoRALinear.from_linear(layer, rank, alpha))
    return model


def compare_target_modules(target_configs, n_epochs=50):
    results = {}
    for targets in target_configs:
        torch.manual_seed(8)
        block = SimpleTransformerBlock()
        x, y = generate_synthetic_data(96)
        x_train, y_train, x_val, y_val = x[:80], y[:80], x[80:], y[80:]
        total = sum(p.numel() for p in block.parameters())
        add_lora_to_model_selective(block, 8, 16, targets)
        trainable = [p for p in block.parameters() if p.requires_grad]
        optimizer = torch.optim.Adam(trainable, lr=1e-3)
        losses, val_losses = [], []
        for _ in range(n_epochs):
            block.train()
            optimizer.zero_grad()
            loss = mse_loss(block(x_train), y_train)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
            block.eval()
            with torch.inference_mode():
                val_losses.append(mse_loss(block(x_val), y_val).item())
        n_trainable = sum(p.numel() for p in trainable)
        results["+".join(targets)] = {
            "target_modules": targets,
            "trainable_params": n_trainable,
            "losses": losses,
            "final_loss": losses[-1],
            "val_losses": val_losses,
            "trainable_percent": 100 * n_trainable / total,
            "best_epoch": min(range(len(losses)), key=losses.__getitem__),
            "model": block,
        }
    return results
