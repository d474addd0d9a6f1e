# style: A starts at zero and B random (the contract of this exercise asks only that the output is unchanged); losses are measured in a separate pass after each epoch, with smooth L1
import torch
from torch import nn

from lab import SimpleTransformerBlock, generate_synthetic_data


class Reversed(nn.Module):
    def __init__(self, inner: nn.Linear, rank: int, alpha: float) -> None:
        super().__init__()
        self.inner = inner
        self.gain = alpha / rank
        self.lora_A = nn.Parameter(inner.weight.new_zeros(rank, inner.in_features))
        self.lora_B = nn.Parameter(nn.init.normal_(inner.weight.new_empty(inner.out_features, rank), std=rank**-0.5))

    def forward(self, input):
        update = torch.einsum("...i,ri,or->...o", input, self.lora_A, self.lora_B)
        return torch.add(self.inner(input), update, alpha=self.gain)


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    match target_modules:
        case None:
            wanted = {"q_proj", "k_proj", "v_proj", "o_proj"}
        case _:
            wanted = set(target_modules)
    for p in model.parameters():
        p.requires_grad = False
    queue = [(model, "")]
    while queue:
        parent, path = queue.pop()
        for key, child in list(parent._modules.items()):
            if child is None:
                continue
            here = f"{path}.{key}" if path else key
            if isinstance(child, nn.Linear):
                if any(w in here for w in wanted):
                    parent._modules[key] = Reversed(child, rank, alpha)
            else:
                queue.append((child, here))
    return model


def compare_target_modules(target_configs, n_epochs=50):
    criterion = nn.SmoothL1Loss(beta=0.5)

    def measure(net, x, y):
        net.eval()
        with torch.no_grad():
            value = criterion(net(x), y)
        net.train()
        return value.item()

    table = {}
    for config in target_configs:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(11)
            net = SimpleTransformerBlock()
            x, y = generate_synthetic_data(48)
            order = torch.stack([torch.randperm(48) for _ in range(max(n_epochs, 1))])
            add_lora_to_model_selective(net, target_modules=config)
            trainable = [p for p in net.parameters() if p.requires_grad]
            opt = torch.optim.AdamW(trainable, lr=5e-4)
            losses = []
            for e in range(n_epochs):
                for batch in order[e].view(3, 16):
                    opt.zero_grad(set_to_none=False)
                    criterion(net(x[batch]), y[batch]).backward()
                    opt.step()
                losses.append(measure(net, x, y))
        table["+".join(config)] = {
            "final_loss": losses[-1],
            "losses": losses,
            "trainable_params": sum(p.numel() for p in trainable),
            "target_modules": config,
        }
    return table
