# style: beginner, nested loops, prints everywhere, lab.LoRALayer
import torch
import torch.nn as nn
from lab import LoRALayer, SimpleTransformerBlock, generate_synthetic_data


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    # use default targets
    if target_modules == None:
        target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]

    # step 1: freeze everything
    for p in model.parameters():
        p.requires_grad = False

    # step 2: find the layers
    to_replace = []
    for name, module in model.named_modules():
        if isinstance(module, nn.Linear):
            found = False
            for t in target_modules:
                if t in name:
                    found = True
            if found == True:
                to_replace.append(name)

    print("I will replace", len(to_replace), "layers")

    # step 3: replace
    for name in to_replace:
        parts = name.split(".")
        parent = model
        for i in range(len(parts) - 1):
            parent = getattr(parent, parts[i])
        old = getattr(parent, parts[-1])
        new = LoRALayer(old, rank, alpha)
        setattr(parent, parts[-1], new)
        print("   replaced", name)
    return model


def compare_target_modules(target_configs, n_epochs=50):
    results = {}
    for targets in target_configs:
        torch.manual_seed(42)
        model = SimpleTransformerBlock()
        x, y = generate_synthetic_data()
        model = add_lora_to_model_selective(model, 8, 16, targets)

        n = 0
        for p in model.parameters():
            if p.requires_grad == True:
                n = n + p.numel()

        params = []
        for p in model.parameters():
            if p.requires_grad == True:
                params.append(p)
        optimizer = torch.optim.AdamW(params, lr=0.001)
        loss_fn = nn.MSELoss()

        losses = []
        for epoch in range(n_epochs):
            optimizer.zero_grad()
            out = model(x)
            loss = loss_fn(out, y)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
            if epoch % 10 == 0:
                print("epoch", epoch, "loss", loss.item())

        key = ""
        for i in range(len(targets)):
            if i > 0:
                key = key + "+"
            key = key + targets[i]
        results[key] = {}
        results[key]["target_modules"] = targets
        results[key]["trainable_params"] = n
        results[key]["losses"] = losses
        results[key]["final_loss"] = losses[-1]
    return results
