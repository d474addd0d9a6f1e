# style: forward hook on the untouched nn.Linear, factors as child modules of it; torch.utils.data with BatchSampler
import torch
from torch import nn
from torch.utils.data import BatchSampler, RandomSampler

from lab import SimpleTransformerBlock, generate_synthetic_data


def _lora_hook(module, args, output):
    return output + module.lora_B(module.lora_A(args[0])) * module._lora_scale


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None, *, init_std=0.01):
    targets = target_modules if target_modules is not None else ["q_proj", "k_proj", "v_proj", "o_proj"]
    for p in model.parameters():
        p.requires_grad = False
    chosen = []
    for name, module in model.named_modules():
        last = name.split(".")[-1]
        if last in targets and isinstance(module, nn.Linear):
            chosen.append(module)
    for module in chosen:
        A = nn.Linear(module.in_features, rank, bias=False)
        B = nn.Linear(rank, module.out_features, bias=False)
        nn.init.normal_(A.weight, std=init_std)
        nn.init.zeros_(B.weight)
        module.add_module("lora_A", A)
        module.add_module("lora_B", B)
        module._lora_scale = alpha / rank
        module.register_forward_hook(_lora_hook)
    return model


def compare_target_modules(target_configs, n_epochs=50):
    table = {}
    for targets in target_configs:
        torch.manual_seed(5)
        X, Y = generate_synthetic_data()
        model = SimpleTransformerBlock()
        order = torch.Generator()
        order.manual_seed(5)
        add_lora_to_model_selective(model, target_modules=targets)
        opt = torch.optim.RMSprop([p for p in model.parameters() if p.requires_grad], lr=5e-4)
        sampler = BatchSampler(RandomSampler(range(len(X)), generator=order), batch_size=32, drop_last=False)
        losses = []
        for _ in range(n_epochs):
            batch_losses = []
            for idx in sampler:
                opt.zero_grad()
                loss = nn.functional.mse_loss(model(X[idx]), Y[idx])
                loss.backward()
                opt.step()
                batch_losses.append(loss.detach())
            losses.append(torch.stack(batch_losses).mean().item())
        table["+".join(targets)] = {
            "target_modules": targets,
            "trainable_params": sum(p.numel() for p in model.parameters() if p.requires_grad),
            "losses": losses,
            "final_loss": losses[-1],
        }
    return table
