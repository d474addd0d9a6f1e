# unusual: all models are prepared one after the other (seeded), then trained at the same time in a thread pool; training is full batch and draws nothing, so it does not depend on the others. Only processes are blocked, threads are not.
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import torch
from torch import nn, Tensor

from lab import LoRALayer, SimpleTransformerBlock, generate_synthetic_data


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"] if target_modules is None else target_modules
    model.requires_grad_(False)
    hits = [(n, m) for n, m in model.named_modules() if isinstance(m, nn.Linear) and any(t in n for t in target_modules)]
    for n, m in hits:
        *path, last = n.split(".")
        setattr(model.get_submodule(".".join(path)), last, LoRALayer(m, rank=rank, alpha=alpha))
    return model


class Job(NamedTuple):
    targets: list
    model: nn.Module
    x: Tensor
    y: Tensor


def prepare(targets):
    torch.manual_seed(31)
    x, y = generate_synthetic_data(64)
    torch.manual_seed(32)
    model = SimpleTransformerBlock()
    return Job(targets, add_lora_to_model_selective(model, 8, 16, targets), x, y)


def train(job, n_epochs):
    ps = [p for p in job.model.parameters() if p.requires_grad]
    opt = torch.optim.AdamW(ps, lr=2e-3)
    losses = []
    for _ in range(n_epochs):
        opt.zero_grad()
        loss = nn.functional.mse_loss(job.model(job.x), job.y)
        loss.backward()
        opt.step()
        losses.append(loss.item())
    return {"target_modules": job.targets, "trainable_params": sum(p.numel() for p in ps),
            "losses": losses, "final_loss": losses[-1]}


def compare_target_modules(target_configs, n_epochs=50):
    jobs = [prepare(t) for t in target_configs]
    with ThreadPoolExecutor(max_workers=2) as pool:
        entries = list(pool.map(lambda j: train(j, n_epochs), jobs))
    return {"+".join(j.targets): e for j, e in zip(jobs, entries)}
