# who: Ivan, interpretability hobbyist (TransformerLens), everything is a hook; unusual: forward hook on the untouched Linear, factors registered on it
import torch as t
from torch import nn
from lab import SimpleTransformerBlock, generate_synthetic_data


def lora_hook(mod, args, out):
    (x,) = args
    return out + mod.lora_scaling * ((x @ mod.lora_A.mT) @ mod.lora_B.mT)


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = "q_proj k_proj v_proj o_proj".split()

    for p in model.parameters():
        p.requires_grad = False

    for name, mod in model.named_modules():
        last = name.split(".")[-1]
        if isinstance(mod, nn.Linear) and last in target_modules:
            w = mod.weight
            mod.register_parameter("lora_A", nn.Parameter(t.nn.init.orthogonal_(w.new_empty(rank, w.shape[1]))))
            mod.register_parameter("lora_B", nn.Parameter(w.new_zeros(w.shape[0], rank)))
            mod.lora_scaling = alpha / rank
            mod.register_forward_hook(lora_hook)

    return model


def compare_target_modules(target_configs, n_epochs=50):
    res = {}
    for cfg in target_configs:
        t.manual_seed(0)
        toks, goal = generate_synthetic_data(n_samples=96)
        m = SimpleTransformerBlock()
        add_lora_to_model_selective(m, target_modules=cfg)
        ps = [p for p in m.parameters() if p.requires_grad]
        o = t.optim.RMSprop(ps, lr=3e-4)
        ls = []
        for ep in range(n_epochs):
            # one epoch = 3 batches in a fixed order
            acc = []
            for i in range(0, 96, 32):
                l = (m(toks[i:i+32]) - goal[i:i+32]).pow(2).mean()
                o.zero_grad(); l.backward(); o.step()
                acc.append(l.item())
            ls.append(sum(acc) / len(acc))
        res["+".join(cfg)] = {"target_modules": cfg, "trainable_params": sum(p.numel() for p in ps), "losses": ls, "final_loss": ls[-1]}
    return res
