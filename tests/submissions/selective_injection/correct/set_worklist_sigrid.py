# who: Sigrid, librarian turned developer, careful prose, writes an index first; unusual: builds an index of parents by object identity and edits vars(), compares ids afterwards
"""Exercise 2.

First I write a catalogue of the model (which shelf holds which book), then I decide, then I move things.
Nothing is moved while I am still writing the catalogue.
"""

from collections import namedtuple

import torch
from torch import nn

from lab import LoRALayer, SimpleTransformerBlock, generate_synthetic_data

Entry = namedtuple("Entry", "shelf label book signature")


def catalogue(model):
    """Every direct child of every module, with its dotted name."""
    entries = []
    for shelf_name, shelf in model.named_modules():
        for label, book in shelf.named_children():
            signature = label if shelf_name == "" else shelf_name + "." + label
            entries.append(Entry(shelf, label, book, signature))
    return entries


def is_wanted(entry, patterns):
    return isinstance(entry.book, nn.Linear) and any(pattern in entry.signature for pattern in patterns)


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    patterns = ["q_proj", "k_proj", "v_proj", "o_proj"]
    if target_modules is not None:
        patterns = target_modules

    wanted = [entry for entry in catalogue(model) if is_wanted(entry, patterns)]

    for parameter in model.parameters():
        parameter.requires_grad = False

    for entry in wanted:
        setattr(entry.shelf, entry.label, LoRALayer(entry.book, rank, alpha))

    return model


def train_once(targets, n_epochs):
    """One reader, one book: a fresh block and the same data each time."""
    torch.manual_seed(1876)  # the year of Dewey's classification
    block = SimpleTransformerBlock()
    x, y = generate_synthetic_data()
    add_lora_to_model_selective(block, rank=8, alpha=16, target_modules=targets)

    trained = [p for p in block.parameters() if p.requires_grad]
    optimizer = torch.optim.Adamax(trained, lr=2e-3)
    losses = []
    for _ in range(n_epochs):
        prediction = block(x)
        loss = nn.functional.huber_loss(prediction, y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return block, trained, losses


def compare_target_modules(target_configs, n_epochs=50):
    report = {}
    for targets in target_configs:
        _, trained, losses = train_once(targets, n_epochs)
        report["+".join(targets)] = {
            "target_modules": targets,
            "trainable_params": sum(p.numel() for p in trained),
            "losses": losses,
            "final_loss": losses[-1],
        }
    return report
