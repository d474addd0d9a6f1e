# L-BFGS with a closure; the loss of an epoch is the median over its samples, as np.float64
import numpy as np
import torch
from torch import nn

from lab import LoRALayer, SimpleTransformerBlock, generate_synthetic_data

torch.set_num_threads(1)


class Injector:
    default = ["q_proj", "k_proj", "v_proj", "o_proj"]

    @staticmethod
    def is_target(name, module, targets):
        return isinstance(module, nn.Linear) and name.rsplit(".", 1)[-1] in targets

    @classmethod
    def inject(cls, model, rank=8, alpha=16, target_modules=None):
        targets = cls.default if target_modules is None else target_modules
        model.requires_grad_(False)
        for owner in list(model.modules()):
            for name in list(owner._modules):
                if cls.is_target(name, owner._modules[name], targets):
                    owner._modules[name] = LoRALayer(owner._modules[name], rank, alpha)
        return model


add_lora_to_model_selective = Injector.inject


def compare_target_modules(target_configs, n_epochs=50):
    results = {}
    for targets in target_configs:
        torch.manual_seed(10)
        block = SimpleTransformerBlock()
        x, y = generate_synthetic_data(32)
        Injector.inject(block, 8, 16, targets)
        params = [p for p in block.parameters() if p.requires_grad]
        optimizer = torch.optim.LBFGS(params, lr=0.5, max_iter=4, history_size=5)

        def closure():
            optimizer.zero_grad()
            loss = (block(x) - y).square().mean()
            loss.backward()
            return loss

        losses = []
        for _ in range(n_epochs):
            optimizer.step(closure)
            with torch.no_grad():
                per_sample = (block(x) - y).square().mean(dim=(1, 2)).numpy()
            losses.append(np.median(per_sample.astype(np.float64)))
        results["+".join(targets)] = {
            "target_modules": targets,
            "trainable_params": sum(p.numel() for p in params),
            "losses": losses,
            "final_loss": losses[-1],
        }
    return results
