# style: generators, a dict subclass with a table as __repr__, defaultdict, OneCycleLR, seed taken from torch.initial_seed
from collections import defaultdict

import torch
from torch import nn

import importlib

lab = importlib.import_module("lab")


class Results(dict):
    def __repr__(self):
        return "\n".join(f"{k:30} {v['trainable_params']:8} {v['final_loss']:.4f}" for k, v in self.items())

    def best(self):
        return min(self, key=lambda k: self[k]["final_loss"])


class LoRAInjector:
    def __init__(self, rank, alpha):
        self.rank, self.alpha = rank, alpha

    def targets(self, model, patterns):
        for name, module in model.named_modules():
            if isinstance(module, nn.Linear) and any(p in name for p in patterns):
                yield name, module

    @staticmethod
    def inject(model, rank=8, alpha=16, target_modules=None):
        patterns = ["q_proj", "k_proj", "v_proj", "o_proj"] if target_modules is None else target_modules
        self = LoRAInjector(rank, alpha)
        model.requires_grad_(False)
        for name, module in list(self.targets(model, patterns)):
            path, leaf = name.split(".")[:-1], name.split(".")[-1]
            owner = model
            for step in path:
                owner = owner._modules[step]
            owner._modules[leaf] = lab.LoRALayer(module, self.rank, self.alpha)
        return model


add_lora_to_model_selective = LoRAInjector.inject


def training(block, x, y, n_epochs):
    opt = torch.optim.AdamW([p for p in block.parameters() if p.requires_grad])
    sched = torch.optim.lr_scheduler.OneCycleLR(opt, max_lr=3e-3, total_steps=n_epochs + 2)
    for _ in range(n_epochs):
        opt.zero_grad()
        loss = nn.functional.mse_loss(block(x), y)
        loss.backward()
        opt.step()
        sched.step()
        yield loss.item()


def compare_target_modules(target_configs, n_epochs=50):
    seed = torch.initial_seed()
    results = Results()
    for targets in target_configs:
        torch.manual_seed(seed)
        x, y = lab.generate_synthetic_data(64)
        block = lab.SimpleTransformerBlock()
        add_lora_to_model_selective(block, 8, 16, targets)
        entry = defaultdict(list)
        entry["target_modules"] = targets
        entry["trainable_params"] = sum(p.numel() for p in block.parameters() if p.requires_grad)
        for entry["final_loss"] in training(block, x, y, n_epochs):
            entry["losses"].append(entry["final_loss"])
        results["+".join(targets)] = entry
    return results
