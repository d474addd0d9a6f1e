# unusual: A starts at zero and B at random values (the mirror image). Exercise 2 asks only that the output does not change at injection, and A = 0 gives B A = 0.
import torch
from torch import nn
from lab import SimpleTransformerBlock, generate_synthetic_data


class MirrorLoRA(nn.Module):
    def __init__(self, layer, rank, alpha):
        super().__init__()
        self.layer = layer
        out_f, in_f = layer.weight.shape
        self.lora_A = nn.Parameter(torch.zeros(rank, in_f).to(layer.weight))
        self.lora_B = nn.Parameter((torch.randn(out_f, rank) * rank ** -0.5 * 0.3).to(layer.weight))
        self.register_buffer("scaling", torch.tensor(alpha / rank), persistent=False)

    def forward(self, x):
        update = x @ self.lora_A.T @ self.lora_B.T
        return self.layer(x) + self.scaling.to(update) * update


def is_target(name, targets):
    for t in targets:
        if t in name:
            return True
    return False


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    targets = ["q_proj", "k_proj", "v_proj", "o_proj"] if target_modules is None else target_modules
    for param in model.parameters():
        param.requires_grad = False
    for name, module in list(model.named_modules()):
        if isinstance(module, nn.Linear) and is_target(name, targets):
            path = name.split(".")
            parent = model
            for step in path[:-1]:
                parent = getattr(parent, step)
            setattr(parent, path[-1], MirrorLoRA(module, rank, alpha))
    return model


def compare_target_modules(target_configs, n_epochs=50):
    results = {}
    for targets in target_configs:
        torch.manual_seed(0)
        model = SimpleTransformerBlock()
        x, y = generate_synthetic_data()
        model = add_lora_to_model_selective(model, 8, 16, targets)
        trainable = [p for p in model.parameters() if p.requires_grad]
        optimizer = torch.optim.AdamW(trainable, lr=1e-3)
        losses = []
        for epoch in range(n_epochs):
            epoch_loss, n = 0.0, 0
            for i in range(0, x.shape[0], 32):
                pred = model(x[i:i + 32])
                loss = nn.functional.mse_loss(pred, y[i:i + 32])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                epoch_loss += loss.item()
                n += 1
            losses.append(epoch_loss / n)
        results["+".join(targets)] = {
            "target_modules": targets,
            "trainable_params": sum(p.numel() for p in trainable),
            "losses": losses,
            "final_loss": losses[-1],
        }
    return results
