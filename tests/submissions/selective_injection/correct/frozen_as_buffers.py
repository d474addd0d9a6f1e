# pretrained weight and bias become buffers of the new layer; Adagrad
import torch
from torch import nn
from torch.nn import functional as F

from lab import SimpleTransformerBlock, generate_synthetic_data

DEFAULT_TARGETS = ["q_proj", "k_proj", "v_proj", "o_proj"]


class FrozenLinearWithLoRA(nn.Module):
    def __init__(self, weight, bias, rank, alpha):
        super().__init__()
        out_features, in_features = weight.shape
        self.register_buffer("weight", weight.detach())
        self.register_buffer("bias", None if bias is None else bias.detach())
        self.lora_A = nn.Parameter(torch.randn(rank, in_features) * 0.01)
        self.lora_B = nn.Parameter(torch.zeros(out_features, rank))
        self.scaling = alpha / rank

    def forward(self, x):
        return F.linear(x, self.weight, self.bias) + self.scaling * ((x @ self.lora_A.mT) @ self.lora_B.mT)


def find_linears(model, targets):
    for name, module in model.named_modules():
        if isinstance(module, nn.Linear) and any(t in name for t in targets):
            yield name, module


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    targets = DEFAULT_TARGETS if target_modules is None else target_modules
    for _, parameter in model.named_parameters():
        parameter.requires_grad = False
    for name, module in list(find_linears(model, targets)):
        parent = model.get_submodule(name.rpartition(".")[0])
        parent.register_module(name.rpartition(".")[2],
                               FrozenLinearWithLoRA(module.weight, module.bias, rank, alpha))
    return model


def compare_target_modules(target_configs, n_epochs=50):
    results = {}
    for config in target_configs:
        torch.manual_seed(17)
        data = generate_synthetic_data()
        model = SimpleTransformerBlock()
        add_lora_to_model_selective(model, 8, 16, config)
        trainable = [p for p in model.parameters() if p.requires_grad]
        optimizer = torch.optim.Adagrad(trainable, lr=1e-2)
        losses = []
        for _ in range(n_epochs):
            optimizer.zero_grad()
            loss = F.mse_loss(model(data[0]), data[1])
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        results["+".join(config)] = {
            "target_modules": config,
            "trainable_params": int(sum(p.numel() for p in trainable)),
            "losses": losses,
            "final_loss": losses[-1],
        }
    return results
