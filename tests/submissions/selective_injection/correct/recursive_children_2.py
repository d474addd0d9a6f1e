# style: recursion over named_children, last component equality, minibatches by slicing, SGD with momentum
from torch import nn
import torch
import lab


class LoRA(nn.Module):
    def __init__(self, lin, r, a):
        super(LoRA, self).__init__()
        self.lin = lin
        self.s = a / r
        self.lora_A = nn.Parameter(torch.randn(r, lin.in_features) * 0.02)
        self.lora_B = nn.Parameter(torch.zeros(lin.out_features, r))

    def forward(self, x):
        return self.lin(x) + self.s * torch.matmul(torch.matmul(x, self.lora_A.t()), self.lora_B.t())


def _walk(parent, targets, rank, alpha):
    for child_name, child in list(parent.named_children()):
        if isinstance(child, nn.Linear):
            if child_name in targets:
                setattr(parent, child_name, LoRA(child, rank, alpha))
        else:
            _walk(child, targets, rank, alpha)


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    targets = ("q_proj", "k_proj", "v_proj", "o_proj") if target_modules is None else tuple(target_modules)
    model.requires_grad_(False)
    _walk(model, targets, rank, alpha)
    return model


def compare_target_modules(target_configs, n_epochs=50):
    out = dict()
    for cfg in target_configs:
        torch.manual_seed(0)
        x, y = lab.generate_synthetic_data(n_samples=64)
        net = lab.SimpleTransformerBlock()
        add_lora_to_model_selective(net, target_modules=cfg)
        ps = [p for p in net.parameters() if p.requires_grad]
        opt = torch.optim.SGD(ps, lr=0.5, momentum=0.9)
        hist = []
        for _ in range(n_epochs):
            tot = 0.0
            for i in range(0, len(x), 16):
                xb, yb = x[i:i + 16], y[i:i + 16]
                loss = nn.functional.mse_loss(net(xb), yb)
                opt.zero_grad(set_to_none=True)
                loss.backward()
                opt.step()
                tot += float(loss) * len(xb)
            hist.append(tot / len(x))
        out["+".join(cfg)] = dict(target_modules=cfg, trainable_params=sum(p.numel() for p in ps),
                                  losses=hist, final_loss=hist[-1])
    return out
