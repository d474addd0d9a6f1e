# mistake: b-not-zero
# B starts at 1e-2 times a normal draw 'to break the symmetry': the output changes at injection.
import copy

import torch
from torch import nn

from lab import SimpleTransformerBlock, generate_synthetic_data


class LoRAfied(nn.Linear):
    # never constructed: add_lora() turns an existing nn.Linear into one of these
    def forward(self, input):
        out = super().forward(input)
        return out + self.lora_scale * (input @ self.lora_A.T) @ self.lora_B.T


def add_lora(linear, rank, alpha):
    linear.lora_A = nn.Parameter(torch.rand(rank, linear.in_features) - 0.5)
    linear.lora_B = nn.Parameter(1e-2 * torch.randn(linear.out_features, rank))
    linear.lora_scale = alpha / rank
    linear.__class__ = LoRAfied


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    wanted = target_modules if target_modules is not None else ["q_proj", "k_proj", "v_proj", "o_proj"]
    for parameter in model.parameters():
        parameter.requires_grad = False
    for name, module in model.named_modules():
        last = name.split(".")[-1]
        if type(module) is nn.Linear and any(last == w or name.endswith(w) for w in wanted):
            add_lora(module, rank, alpha)
    return model


def compare_target_modules(target_configs, n_epochs=50):
    torch.manual_seed(7)
    template = SimpleTransformerBlock()
    inputs, targets = generate_synthetic_data()
    loss_fn = nn.MSELoss()
    results = {}

    for config in target_configs:
        torch.manual_seed(7)
        net = copy.deepcopy(template)
        add_lora_to_model_selective(net, rank=8, alpha=16, target_modules=config)
        net.train()
        adapter_params = [p for p in net.parameters() if p.requires_grad]
        optimizer = torch.optim.Adam(adapter_params, lr=1e-3)

        losses = []
        for epoch in range(n_epochs):
            prediction = net(inputs)
            loss = loss_fn(prediction, targets)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(float(loss.detach()))

        results["+".join(config)] = {
            "target_modules": config,
            "trainable_params": sum(p.numel() for p in adapter_params),
            "losses": losses,
            "final_loss": losses[-1],
        }

    return results
