# who: Wen, compiler engineer, visitor pattern, Chinese remarks; unusual: state_dict template loaded into each fresh block, LBFGS-free plain gradient descent by torch.autograd.grad
import torch
from torch import nn

from lab import LoRALayer, SimpleTransformerBlock, generate_synthetic_data


class ModuleVisitor:
    """按深度优先遍历; visit_<ClassName> or generic_visit."""

    def visit(self, module, path=()):
        for klass in type(module).__mro__:
            fn = getattr(self, "visit_" + klass.__name__, None)
            if fn is not None:
                return fn(module, path)
        return self.generic_visit(module, path)

    def generic_visit(self, module, path):
        for name in list(module._modules):
            child = module._modules[name]
            if child is None:
                continue
            new = self.visit(child, path + (name,))
            if new is not child:
                setattr(module, name, new)
        return module


class LoRARewriter(ModuleVisitor):
    def __init__(self, rank, alpha, targets):
        self.rank, self.alpha, self.targets = rank, alpha, targets

    def visit_Linear(self, module, path):
        dotted = ".".join(path)
        if not any(t in dotted for t in self.targets):
            return module
        return LoRALayer(module, self.rank, self.alpha)


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    targets = target_modules
    if targets is None:  # 注意: [] 不是 None
        targets = ["q_proj", "k_proj", "v_proj", "o_proj"]
    for p in model.parameters():
        p.requires_grad = False
    rewriter = LoRARewriter(rank, alpha, targets)
    return rewriter.visit(model)


def compare_target_modules(target_configs, n_epochs=50):
    torch.manual_seed(8)
    init = {k: v.clone() for k, v in SimpleTransformerBlock().state_dict().items()}
    x, y = generate_synthetic_data()
    results = {}
    for targets in target_configs:
        block = SimpleTransformerBlock()
        block.load_state_dict(init)
        torch.manual_seed(9)
        add_lora_to_model_selective(block, 8, 16, targets)
        ps = [p for p in block.parameters() if p.requires_grad]
        vel = [torch.zeros_like(p) for p in ps]
        losses = []
        for _ in range(n_epochs):
            loss = (block(x) - y).pow(2).mean()
            gs = torch.autograd.grad(loss, ps)
            with torch.no_grad():
                for p, g, v in zip(ps, gs, vel):
                    v.mul_(0.9).add_(g)
                    p.sub_(0.3 * v)
            losses.append(loss.item())
        results["+".join(targets)] = {
            "target_modules": targets,
            "trainable_params": sum(p.numel() for p in ps),
            "losses": losses,
            "final_loss": losses[-1],
        }
    return results
