# style: the low-rank path is an autograd.Function with a backward written by hand, and the comparison uses Rprop on the whole batch with results in a dict subclass
import torch
from torch import nn

from lab import SimpleTransformerBlock, generate_synthetic_data


class LowRank(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, A, B, scale):
        h = x @ A.T
        ctx.save_for_backward(x, h, A, B)
        ctx.scale = scale
        return scale * (h @ B.T)

    @staticmethod
    def backward(ctx, g):
        x, h, A, B = ctx.saved_tensors
        g = ctx.scale * g
        gh = g @ B
        rows = lambda t: t.reshape(-1, t.shape[-1])
        return (
            gh @ A if ctx.needs_input_grad[0] else None,
            rows(gh).T @ rows(x) if ctx.needs_input_grad[1] else None,
            rows(g).T @ rows(h) if ctx.needs_input_grad[2] else None,
            None,
        )


class LoRAWrapped(nn.Module):
    def __init__(self, original, rank, alpha):
        super().__init__()
        self.original = original
        self.lora_A = nn.Parameter(torch.rand(rank, original.in_features).sub(0.5).mul(0.1).to(original.weight))
        self.lora_B = nn.Parameter(torch.zeros(original.out_features, rank).to(original.weight))
        self.scaling = alpha / rank

    def forward(self, input):
        return self.original(input) + LowRank.apply(input, self.lora_A, self.lora_B, self.scaling)


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]

    class Walker:
        def __call__(self, module, path=()):
            for key, child in tuple(module._modules.items()):
                if isinstance(child, nn.Linear):
                    name = ".".join(path + (key,))
                    if any(t in name for t in target_modules):
                        module._modules[key] = LoRAWrapped(child, rank, alpha)
                elif child is not None:
                    self(child, path + (key,))

    for p in model.parameters():
        p.requires_grad_(False)
    Walker()(model)
    return model


class Result(dict):
    __getattr__ = dict.__getitem__


def compare_target_modules(target_configs, n_epochs=50):
    results = Result()
    for targets in target_configs:
        torch.manual_seed(6)
        block = SimpleTransformerBlock()
        x, y = generate_synthetic_data(32)
        add_lora_to_model_selective(block, 8, 16, targets)
        params = [p for p in block.parameters() if p.requires_grad]
        opt = torch.optim.Rprop(params, lr=1e-4, etas=(0.5, 1.1), step_sizes=(1e-7, 2e-3))
        losses = []
        for _ in range(n_epochs):
            opt.zero_grad()
            loss = nn.functional.mse_loss(block(x), y, reduction="sum") / len(x)
            loss.backward()
            opt.step()
            losses.append(loss.item())
        results["+".join(targets)] = Result(
            target_modules=targets,
            trainable_params=sum(p.numel() for p in params),
            losses=losses,
            final_loss=losses[-1],
        )
    return results
