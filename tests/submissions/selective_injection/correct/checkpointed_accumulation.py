# the LoRA path is recomputed in the backward pass (gradient checkpointing); gradients of single samples accumulate; linear warm-up
import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

from lab import SimpleTransformerBlock, generate_synthetic_data


class LowRank(nn.Module):
    def __init__(self, n_in, n_out, rank, scaling, **where):
        super().__init__()
        self.scaling = scaling
        self.lora_A = nn.Linear(n_in, rank, bias=False, **where)
        self.lora_B = nn.Linear(rank, n_out, bias=False, **where)
        self.lora_B.weight.data.zero_()

    def forward(self, x):
        return self.lora_B(self.lora_A(x)) * self.scaling


class Checkpointed(nn.Module):
    def __init__(self, layer, low_rank):
        super().__init__()
        self.layer, self.low_rank = layer, low_rank

    def forward(self, x):
        return self.layer(x) + checkpoint(self.low_rank, x, use_reentrant=False, preserve_rng_state=False)


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    targets = ("q_proj", "k_proj", "v_proj", "o_proj") if target_modules is None else tuple(target_modules)
    model.requires_grad_(False)
    # from the longest names to the shortest, so from the inside out
    for name in sorted((n for n, _ in model.named_modules()), key=len, reverse=True):
        layer = model.get_submodule(name)
        if isinstance(layer, nn.Linear) and name.split(".")[-1] in [t.split(".")[-1] for t in targets if t in name]:
            where = {"device": layer.weight.device, "dtype": layer.weight.dtype}
            low_rank = LowRank(layer.in_features, layer.out_features, rank, alpha / rank, **where)
            parent = model.get_submodule(name[: name.rfind(".")] if "." in name else "")
            setattr(parent, name[name.rfind(".") + 1 :], Checkpointed(layer, low_rank))
    return model


def compare_target_modules(target_configs, n_epochs=50):
    results = {}
    for targets in target_configs:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(3)
            block = SimpleTransformerBlock().train()
            pairs = list(zip(*generate_synthetic_data(16)))
            block = add_lora_to_model_selective(block, target_modules=targets)
        trainable = list(filter(lambda p: p.requires_grad, block.parameters()))
        optimizer = torch.optim.AdamW(trainable, lr=2e-3)
        warm_up = torch.optim.lr_scheduler.LinearLR(optimizer, start_factor=0.2, total_iters=5)
        losses = []
        for _ in range(n_epochs):
            sum_of_losses = 0.0
            for x, y in pairs:  # one sequence at a time, as if memory were short
                loss = nn.functional.mse_loss(block(x[None]), y[None])
                (loss / len(pairs)).backward()
                sum_of_losses += loss.item()
            optimizer.step()
            optimizer.zero_grad()
            warm_up.step()
            losses.append(sum_of_losses)  # the sum, not the mean
        results["+".join(targets)] = {
            "target_modules": targets,
            "trainable_params": sum(p.numel() for p in trainable),
            "losses": losses,
            "final_loss": losses[-1],
        }
    return results
