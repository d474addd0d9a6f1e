# style: the frozen weight and bias are kept as buffers, so the wrapper's only parameters are the factors
import torch
from torch import nn, Tensor
import torch.nn.functional as F

from lab import SimpleTransformerBlock, generate_synthetic_data


class BufferedLoRA(nn.Module):
    weight: Tensor

    def __init__(self, source: nn.Linear, rank: int, alpha: float):
        super().__init__()
        self.register_buffer("weight", source.weight.detach().clone())
        self.register_buffer("bias", None if source.bias is None else source.bias.detach().clone())
        self.register_buffer("scale", torch.tensor(alpha / rank, dtype=source.weight.dtype), persistent=False)
        self.lora_B = nn.Parameter(torch.zeros(source.out_features, rank, dtype=source.weight.dtype))
        self.lora_A = nn.Parameter(torch.randn(rank, source.in_features, dtype=source.weight.dtype) * 0.03)

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.weight + self.scale * self.lora_B @ self.lora_A, self.bias)


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    patterns = ["q_proj", "k_proj", "v_proj", "o_proj"] if target_modules is None else list(target_modules)
    todo = [(n, m) for n, m in model.named_modules() if isinstance(m, nn.Linear) and n.endswith(tuple(patterns))]
    for p in model.parameters():
        p.requires_grad = False
    for n, m in todo:
        *path, leaf = n.split(".")
        parent = model
        for step in path:
            parent = parent._modules[step]
        parent._modules[leaf] = BufferedLoRA(m, rank, alpha)
    return model


def compare_target_modules(target_configs, n_epochs=50):
    results = {}
    torch.manual_seed(1)
    data = generate_synthetic_data()
    start = SimpleTransformerBlock().state_dict()
    for targets in target_configs:
        model = SimpleTransformerBlock()
        model.load_state_dict(start)
        torch.manual_seed(2)
        add_lora_to_model_selective(model, target_modules=targets)
        opt = torch.optim.Adam(list(model.parameters()), lr=1e-3)
        losses = []
        for epoch in range(n_epochs):
            perm = torch.randperm(128, generator=torch.Generator().manual_seed(epoch))
            s = 0.0
            for k in perm.view(-1, 32):
                x, y = data[0][k], data[1][k]
                loss = F.mse_loss(model(x), y)
                opt.zero_grad()
                loss.backward()
                opt.step()
                s += loss.item() / 4
            losses.append(s)
        results["+".join(targets)] = {"target_modules": targets,
                                      "trainable_params": sum(p.numel() for p in model.parameters() if p.requires_grad),
                                      "losses": losses, "final_loss": losses[-1]}
    return results
