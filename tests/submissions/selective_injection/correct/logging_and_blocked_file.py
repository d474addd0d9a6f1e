# unusual: logs, tries to write a CSV (blocked when graded: OSError is caught), warns when a pattern matches nothing; try/except around everything. Factor shapes and results are by the contract.
import csv
import logging
import time
import warnings

import torch
from torch import nn

try:
    from lab import LoRALayer, SimpleTransformerBlock, generate_synthetic_data
except ImportError as e:  # pragma: no cover
    raise ImportError("lab.py must be next to this file") from e

log = logging.getLogger(__name__)
log.addHandler(logging.NullHandler())


def _replace(model, dotted_name, new_module):
    try:
        parent_name, child = dotted_name.rsplit(".", 1)
    except ValueError:
        parent_name, child = "", dotted_name
    try:
        parent = model.get_submodule(parent_name)
    except AttributeError:
        log.error("no module %r", parent_name)
        raise
    setattr(parent, child, new_module)


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    try:
        targets = list(target_modules)
    except TypeError:
        targets = ["q_proj", "k_proj", "v_proj", "o_proj"]
    for p in model.parameters():
        p.requires_grad_(False)
    unused = set(targets)
    for name, module in list(model.named_modules()):
        matching = [t for t in targets if t in name]
        unused -= set(matching)
        if not matching:
            continue
        if not isinstance(module, nn.Linear):
            log.debug("%s is a %s, skipped", name, type(module).__name__)
            continue
        _replace(model, name, LoRALayer(module, rank, alpha))
        log.info("LoRA r=%d on %s", rank, name)
    if unused:
        warnings.warn(f"no module matches {sorted(unused)}")
    return model


def compare_target_modules(target_configs, n_epochs=50):
    results = {}
    for config in target_configs:
        start = time.perf_counter()
        torch.manual_seed(0)
        block = SimpleTransformerBlock()
        x, y = generate_synthetic_data()
        add_lora_to_model_selective(block, 8, 16, config)
        params = [p for p in block.parameters() if p.requires_grad]
        opt = torch.optim.AdamW(params, lr=1e-3)
        sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, T_max=max(n_epochs, 1), eta_min=1e-4)
        losses = []
        for epoch in range(n_epochs):
            batch_losses = []
            for xb, yb in zip(torch.split(x, 32), torch.split(y, 32)):
                opt.zero_grad()
                loss = nn.functional.mse_loss(block(xb), yb)
                loss.backward()
                opt.step()
                batch_losses.append(loss.item())
            sched.step()
            losses.append(sum(batch_losses) / len(batch_losses))
            log.info("%s epoch %d loss %.5f", config, epoch, losses[-1])
        results["+".join(config)] = {
            "target_modules": config,
            "trainable_params": sum(p.numel() for p in params),
            "losses": losses,
            "final_loss": losses[-1],
            "seconds": time.perf_counter() - start,
        }
    try:
        with open("comparison.csv", "w", newline="") as f:
            writer = csv.writer(f)
            for key, entry in results.items():
                writer.writerow([key, entry["trainable_params"], entry["final_loss"]])
    except OSError as e:
        log.warning("could not write the CSV: %s", e)
    return results
