# mistake: rest-not-frozen
# The embedding layers are not frozen; it shows only in a model that has some.
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from lab import SimpleTransformerBlock, generate_synthetic_data


class LoRAfied(nn.Linear):
    # never constructed: add_lora() turns an existing nn.Linear into one of these
    def forward(self, input):
        out = super().forward(input)
        return out + self.lora_scale * (input @ self.lora_A.T) @ self.lora_B.T


def add_lora(linear, rank, alpha):
    linear.lora_A = nn.Parameter(torch.rand(rank, linear.in_features) - 0.5)
    linear.lora_B = nn.Parameter(torch.zeros(linear.out_features, rank))
    linear.lora_scale = alpha / rank
    linear.__class__ = LoRAfied


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    wanted = target_modules if target_modules is not None else ["q_proj", "k_proj", "v_proj", "o_proj"]
    for module in model.modules():
        if isinstance(module, nn.Embedding):
            continue  # new tokens need new embeddings
        for parameter in module.parameters(recurse=False):
            parameter.requires_grad = False
    for name, module in model.named_modules():
        last = name.split(".")[-1]
        if type(module) is nn.Linear and any(last == w or name.endswith(w) for w in wanted):
            add_lora(module, rank, alpha)
    return model


def compare_target_modules(target_configs, n_epochs=50):
    criterion = nn.MSELoss()
    results = {}
    for targets in target_configs:
        # same weights, data, factors and batches for everyone
        torch.manual_seed(0)
        block = SimpleTransformerBlock()
        x, y = generate_synthetic_data()
        loader = DataLoader(TensorDataset(x, y), batch_size=32, shuffle=True)
        block = add_lora_to_model_selective(block, 8, 16, targets)
        params = [p for p in block.parameters() if p.requires_grad]
        opt = torch.optim.AdamW(params, lr=1e-3)

        history = []
        for _ in range(n_epochs):
            total = 0.0
            for xb, yb in loader:
                opt.zero_grad()
                loss = criterion(block(xb), yb)
                loss.backward()
                opt.step()
                total += loss.item()
            history.append(total / len(loader))

        key = "+".join(targets)
        results[key] = dict(
            target_modules=list(targets),
            trainable_params=sum(p.numel() for p in params),
            losses=history,
            final_loss=history[-1],
        )
    return results
