# style: hands every parameter to AdamW with weight decay (frozen ones have no gradient, so nothing happens to them); freezes before and after
import torch
import torch.nn as nn
from lab import LoRALayer, SimpleTransformerBlock, generate_synthetic_data


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = ['q_proj', 'k_proj', 'v_proj', 'o_proj']

    # Freeze all parameters
    for param in model.parameters():
        param.requires_grad = False

    # Replace target modules with LoRA layers
    replacements = []
    for name, module in model.named_modules():
        if isinstance(module, nn.Linear) and any(target in name for target in target_modules):
            replacements.append((name, module))

    for name, module in replacements:
        parent_name = '.'.join(name.split('.')[:-1])
        child_name = name.split('.')[-1]
        parent = model if parent_name == '' else dict(model.named_modules())[parent_name]
        lora_layer = LoRALayer(module, rank=rank, alpha=alpha)
        setattr(parent, child_name, lora_layer)
        # Make sure that the adapters are trainable
        lora_layer.lora_A.requires_grad = True
        lora_layer.lora_B.requires_grad = True
        for param in lora_layer.original_layer.parameters():
            param.requires_grad = False

    return model


def compare_target_modules(target_configs, n_epochs=50):
    results = {}
    device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')

    for config in target_configs:
        # Reproducibility: same initial weights and data for each configuration
        torch.manual_seed(42)
        if torch.cuda.is_available():
            torch.cuda.manual_seed_all(42)

        model = SimpleTransformerBlock(d_model=256, n_heads=8)
        X, y = generate_synthetic_data(n_samples=128, seq_len=16, d_model=256)
        model = add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=config)
        model, X, y = model.to(device), X.to(device), y.to(device)

        trainable_params = sum(p.numel() for p in model.parameters() if p.requires_grad)
        total_params = sum(p.numel() for p in model.parameters())

        optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.1)
        criterion = nn.MSELoss()
        losses = []

        model.train()
        for epoch in range(n_epochs):
            optimizer.zero_grad()
            loss = criterion(model(X), y)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())

        results['+'.join(config)] = {
            'target_modules': config,
            'trainable_params': trainable_params,
            'trainable_percent': 100 * trainable_params / total_params,
            'losses': losses,
            'final_loss': losses[-1],
        }

    # Print a nice summary table
    print(f"{'Config':<40} {'Params':>10} {'Final loss':>12}")
    print('-' * 64)
    for key, r in results.items():
        print(f"{key:<40} {r['trainable_params']:>10,} {r['final_loss']:>12.6f}")
    return results


if __name__ == '__main__':
    compare_target_modules([['q_proj', 'v_proj'], ['q_proj', 'k_proj', 'v_proj', 'o_proj']])
