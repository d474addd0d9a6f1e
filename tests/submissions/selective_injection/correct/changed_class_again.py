# changed class
import torch
from torch import nn
import torch.nn.functional as F
from lab import SimpleTransformerBlock, generate_synthetic_data


class LoRAfied(nn.Linear):
    """A Linear gets this class at run time."""

    def become(self, rank, alpha):
        self.lora = nn.ParameterDict({
            "lora_A": nn.Parameter(torch.nn.init.xavier_uniform_(torch.empty(rank, self.in_features))),
            "lora_B": nn.Parameter(torch.zeros(self.out_features, rank)),
        })
        self.gain = alpha / rank
        return self

    def forward(self, input):
        low = F.linear(input, self.lora["lora_A"])
        return super().forward(input) + F.linear(self.gain * low, self.lora["lora_B"])


def _convert(linear, rank, alpha):
    linear.__class__ = LoRAfied
    linear.become(rank, alpha)


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    targets = {"q_proj", "k_proj", "v_proj", "o_proj"} if target_modules is None else set(target_modules)
    for p in model.parameters():
        p.requires_grad = False
    stack = [("", model)]
    while stack:
        name, module = stack.pop()
        children = [(f"{name}.{k}" if name else k, m) for k, m in module._modules.items() if m is not None]
        if type(module) is nn.Linear and any(name == t or name.endswith("." + t) for t in targets):
            _convert(module, rank, alpha)
        stack.extend(reversed(children))
    return model


def compare_target_modules(target_configs, n_epochs=50):
    answers = {}
    for config in target_configs:
        torch.manual_seed(20240501)
        net = SimpleTransformerBlock()
        x, y = generate_synthetic_data()
        add_lora_to_model_selective(net, rank=8, alpha=16, target_modules=config)
        trainable = [p for p in net.parameters() if p.requires_grad]
        opt = torch.optim.AdamW(trainable, lr=1e-3)
        sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, T_max=max(n_epochs, 1))
        track = []
        for _ in range(n_epochs):
            order = torch.randperm(x.shape[0])
            seen = 0.0
            for part in order.chunk(2):
                opt.zero_grad()
                err = F.mse_loss(net(x[part]), y[part])
                err.backward()
                opt.step()
                seen += err.item() * len(part)
            sched.step()
            track.append(seen / len(order))
        answers["+".join(config)] = {"final_loss": track[-1], "losses": track, "target_modules": config,
                                     "trainable_params": sum(p.numel() for p in trainable)}
    return answers
