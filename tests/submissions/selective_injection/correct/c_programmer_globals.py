# unusual: C style: global state, index loops, explicit stack instead of named_modules, chars compared by find(); hand-counted parameters. Hurried and ugly, but it does what the contract says.
import torch
import torch.nn as nn
import lab

MAX_STACK = 100000
RET_OK = 0
g_count = 0

def match(name, targets, n_targets):
    i = 0
    while i < n_targets:
        if name.find(targets[i]) != -1:
            return 1
        i += 1
    return 0

def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    global g_count
    g_count = 0
    if target_modules is None:
        target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]
    n = len(target_modules)
    params = list(model.parameters())
    i = 0
    while i < len(params):
        params[i].requires_grad = False
        i += 1
    stack = [None] * 16
    sp = 0
    stack[sp] = (model, ""); sp += 1
    while sp > 0:
        sp -= 1
        node, prefix = stack[sp]
        keys = list(node._modules.keys())
        for i in range(len(keys)):
            child = node._modules[keys[i]]
            if child is None:
                continue
            name = keys[i] if prefix == "" else prefix + "." + keys[i]
            if isinstance(child, nn.Linear):
                if match(name, target_modules, n):
                    node._modules[keys[i]] = lab.LoRALayer(child, rank, alpha)
                    g_count += rank * child.in_features + child.out_features * rank
            else:
                if sp >= len(stack):
                    stack = stack + [None] * len(stack)   # realloc
                if sp >= MAX_STACK:
                    raise MemoryError
                stack[sp] = (child, name); sp += 1
    return model

def compare_target_modules(target_configs, n_epochs=50):
    results = {}
    for c in range(len(target_configs)):
        torch.manual_seed(0)
        m = lab.SimpleTransformerBlock()
        x, y = lab.generate_synthetic_data()
        m = add_lora_to_model_selective(m, 8, 16, target_configs[c])
        cnt = g_count
        par = [p for p in m.parameters() if p.requires_grad]
        opt = torch.optim.SGD(par, lr=0.3, momentum=0.9)
        losses = [0.0] * n_epochs
        for e in range(n_epochs):
            acc = 0.0
            for b in range(4):
                lo = b * 32
                hi = lo + 32
                d = m(x[lo:hi]) - y[lo:hi]
                loss = (d * d).sum() / d.numel()
                for p in par:
                    p.grad = None
                loss.backward()
                opt.step()
                acc += loss.item()
            losses[e] = acc / 4.0
        key = target_configs[c][0]
        for i in range(1, len(target_configs[c])):
            key += "+" + target_configs[c][i]
        e = {}
        e["target_modules"] = target_configs[c]
        e["trainable_params"] = cnt
        e["losses"] = losses
        e["final_loss"] = losses[n_epochs - 1]
        results[key] = e
    return results
