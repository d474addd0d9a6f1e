import torch
import torch.nn as nn
from lab import LoRALayer, SimpleTransformerBlock, generate_synthetic_data

def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]

    for name, module in list(model.named_modules()):
        if isinstance(module, nn.Linear) and any(t in name for t in target_modules):
            # LoRALayer freezes the layer
            lora = LoRALayer(module, rank=rank, alpha=alpha)
            parts = name.split(".")
            parent = model
            for p in parts[:-1]:
                parent = parent._modules[p]
            parent._modules[parts[-1]] = lora
    return model

def compare_target_modules(target_configs, n_epochs=50):
    torch.manual_seed(0)            # reproducible!
    X, Y = generate_synthetic_data(n_samples=64)
    criterion = nn.MSELoss()
    results = {}
    for config in target_configs:
        model = SimpleTransformerBlock(d_model=256, n_heads=8)
        add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=config)
        trainable = [p for n, p in model.named_parameters() if p.requires_grad]
        opt = torch.optim.AdamW(trainable, lr=1e-3)
        history = []
        for epoch in range(n_epochs):
            epoch_loss = 0
            for i in range(0, len(X), 16):
                pred = model(X[i:i+16])
                loss = criterion(pred, Y[i:i+16])
                opt.zero_grad()
                loss.backward()
                opt.step()
                epoch_loss += loss.item()
            history.append(epoch_loss / (len(X) / 16))
        results["+".join(config)] = {
            "target_modules": config,
            "trainable_params": sum(p.numel() for p in trainable),
            "losses": history,
            "final_loss": history[-1],
        }
    return results

if __name__ == "__main__":
    for k, v in compare_target_modules([["q_proj"], ["q_proj", "v_proj"]], 10).items():
        print(k, v["trainable_params"], v["final_loss"])
