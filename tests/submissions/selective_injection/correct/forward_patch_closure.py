# style: monkey patching, layer.forward becomes a closure over the factors; class with __call__ for the comparison
import math

import torch
import torch.nn.functional as F

import lab


def _make_forward(old_forward, A, B, scale):
    def forward(x):
        return old_forward(x) + F.linear(F.linear(x, A), B) * scale

    return forward


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]
    for prm in model.parameters():
        prm.requires_grad = False
    for path, lin in list(model.named_modules()):
        if not isinstance(lin, torch.nn.Linear):
            continue
        if not any(path == t or path.endswith("." + t) for t in target_modules):
            continue
        A = torch.nn.Parameter(torch.empty(rank, lin.in_features))
        B = torch.nn.Parameter(torch.zeros(lin.out_features, rank))
        torch.nn.init.kaiming_uniform_(A, a=math.sqrt(5))
        lin.register_parameter("lora_A", A)
        lin.register_parameter("lora_B", B)
        lin.forward = _make_forward(lin.forward, A, B, alpha / rank)
    return model


class _Comparison:
    """compare_target_modules(target_configs, n_epochs=50)"""

    def __call__(self, target_configs, n_epochs=50):
        self.answers = {}
        for targets in target_configs:
            self.answers["+".join(targets)] = self._one(targets, n_epochs)
        return self.answers

    def _one(self, targets, n_epochs):
        torch.manual_seed(31337)
        block = lab.SimpleTransformerBlock(256, 8)
        x, y = lab.generate_synthetic_data(64, 16, 256)
        add_lora_to_model_selective(block, 8, 16, targets)
        params = [p for p in block.parameters() if p.requires_grad]
        opt = torch.optim.NAdam(params, lr=1e-3)
        losses = []
        while len(losses) < n_epochs:
            opt.zero_grad()
            loss = torch.mean((block(x) - y) ** 2)
            loss.backward()
            opt.step()
            losses += [float(loss.detach())]
        return {"target_modules": targets, "trainable_params": sum(p.numel() for p in params),
                "losses": losses, "final_loss": losses[-1]}


compare_target_modules = _Comparison()
