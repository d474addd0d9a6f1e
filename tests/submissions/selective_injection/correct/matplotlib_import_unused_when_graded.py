# unusual: imports matplotlib and tqdm at the top; the contract: a package that is not there becomes a placeholder that fails only where it is used, and these are used only in the demo. Hurried student.
import matplotlib.pyplot as plt
import torch
import torch.nn as nn
from lab import LoRALayer, SimpleTransformerBlock, generate_synthetic_data
try:
    from tqdm import tqdm
except ImportError:
    tqdm = lambda it, **kw: it

def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = ['q_proj', 'k_proj', 'v_proj', 'o_proj']
    for param in model.parameters():
        param.requires_grad = False
    for name, module in list(model.named_modules()):
        if isinstance(module, nn.Linear):
            if any(t in name for t in target_modules):
                parts = name.split('.')
                parent = model
                for part in parts[:-1]:
                    if part.isdigit():
                        parent = parent[int(part)]
                    else:
                        parent = getattr(parent, part)
                setattr(parent, parts[-1], LoRALayer(module, rank=rank, alpha=alpha))
    return model

def compare_target_modules(target_configs, n_epochs=50):
    results = {}
    for targets in target_configs:
        torch.manual_seed(42)
        model = SimpleTransformerBlock(d_model=256, n_heads=8)
        X, Y = generate_synthetic_data(n_samples=100)
        model = add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=targets)
        n = sum(p.numel() for p in model.parameters() if p.requires_grad)
        optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-3)
        criterion = nn.MSELoss()
        losses = []
        model.train()
        for epoch in tqdm(range(n_epochs), disable=True):
            optimizer.zero_grad()
            out = model(X)
            loss = criterion(out, Y)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        print(f"{targets}: {n:,} params, final loss {losses[-1]:.4f}")
        results['+'.join(targets)] = {'target_modules': targets, 'trainable_params': n, 'losses': losses, 'final_loss': losses[-1]}
    return results

if __name__ == '__main__':
    r = compare_target_modules([['q_proj', 'v_proj'], ['gate_proj', 'up_proj', 'down_proj']])
    for k, v in r.items():
        plt.plot(v['losses'], label=k)
    plt.legend()
    plt.savefig('compare.png')
