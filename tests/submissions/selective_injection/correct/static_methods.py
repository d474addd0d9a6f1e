# mistake: none | contract: fulfilled
# style: classes as namespaces, the public names are bound at the bottom; parent._modules is written directly; SiLU-free log-cosh loss
import torch
from torch import nn

import lab


class Adapter(lab.LoRALayer):
    """The lab's layer, with an update that is computed first and the frozen output added to it."""

    def forward(self, x):
        update = torch.nn.functional.linear(self.dropout(x), self.lora_A)
        update = torch.nn.functional.linear(update, self.lora_B).mul(self.scaling)
        return update.add(self.original_layer(x))


class Injector:
    DEFAULT = ("q_proj", "k_proj", "v_proj", "o_proj")

    @classmethod
    def run(cls, model, rank=8, alpha=16, target_modules=None):
        patterns = cls.DEFAULT if target_modules is None else tuple(target_modules)
        model.requires_grad_(False)
        places = [(m, path, n) for path, m in model.named_modules() for n in m._modules]
        for parent, path, child in places:
            layer = parent._modules[child]
            if isinstance(layer, nn.Linear) and any(p in f"{path}.{child}" for p in patterns):
                parent._modules[child] = Adapter(layer, rank, alpha)
        return model


class Comparison:
    @staticmethod
    def loss(a, b):
        d = a - b
        return (d + nn.functional.softplus(-2 * d) - 0.6931471805599453).mean()

    @classmethod
    def one(cls, targets, n_epochs):
        torch.manual_seed(7)
        block = Injector.run(lab.SimpleTransformerBlock(), target_modules=targets)
        torch.manual_seed(8)
        x, y = lab.generate_synthetic_data(n_samples=32, seq_len=8)
        params = [p for p in block.parameters() if p.requires_grad]
        optimizer = torch.optim.NAdam(params, lr=2e-3)
        history = []
        for _ in range(n_epochs):
            for part in torch.arange(len(x)).chunk(2):
                optimizer.zero_grad()
                loss = cls.loss(block(x[part]), y[part])
                loss.backward()
                optimizer.step()
            history.append(float(loss))
        return dict(
            target_modules=list(targets),
            trainable_params=sum(p.numel() for p in params),
            losses=history,
            final_loss=history[-1],
        )

    @classmethod
    def run(cls, target_configs, n_epochs=50):
        return {"+".join(t): cls.one(t, n_epochs) for t in target_configs}


add_lora_to_model_selective = Injector.run
compare_target_modules = Comparison.run
