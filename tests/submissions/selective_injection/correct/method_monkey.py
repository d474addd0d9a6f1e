# who: ex-Ruby developer, open classes are normal; unusual: replaces `forward` on the instance with types.MethodType and keeps a submodule of nn.Linear factors
import types

import torch
import torch.nn as nn

from lab import SimpleTransformerBlock, generate_synthetic_data


class Adapter(nn.Module):
    def __init__(self, n_in, n_out, rank, alpha, like):
        super().__init__()
        self.lora_A = nn.Linear(n_in, rank, bias=False).to(like)
        self.lora_B = nn.Linear(rank, n_out, bias=False).to(like)
        nn.init.zeros_(self.lora_B.weight)
        self.rank, self.alpha = rank, alpha

    def forward(self, x):
        return self.lora_B(self.lora_A(x)) * self.alpha / self.rank


def forward_with_adapter(self, input):
    return nn.Linear.forward(self, input) + self.adapter(input)


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    targets = target_modules if target_modules is not None else ["q_proj", "k_proj", "v_proj", "o_proj"]
    linears = [(n, m) for (n, m) in model.named_modules() if isinstance(m, nn.Linear)]
    for p in model.parameters():
        p.requires_grad = False
    for n, m in linears:
        if not any([n.endswith(t) for t in targets]):
            continue
        m.adapter = Adapter(m.in_features, m.out_features, rank, alpha, m.weight)
        m.forward = types.MethodType(forward_with_adapter, m)
    return model


class Experiment:
    SEED = 2024

    def __init__(self, targets):
        torch.manual_seed(self.SEED)
        self.targets = targets
        self.x, self.y = generate_synthetic_data(128, 16, 256)
        self.block = add_lora_to_model_selective(SimpleTransformerBlock(256, 8), 8, 16, targets)
        self.history = []

    @property
    def weights(self):
        return [p for p in self.block.parameters() if p.requires_grad]

    def fit(self, epochs):
        opt = torch.optim.AdamW(self.weights, lr=1e-3)
        crit = nn.MSELoss()
        while len(self.history) < epochs:
            opt.zero_grad()
            loss = crit(self.block(self.x), self.y)
            loss.backward()
            nn.utils.clip_grad_norm_(self.weights, 1.0)
            opt.step()
            self.history.append(loss.item())
        return self

    def to_h(self):
        return {
            "target_modules": self.targets,
            "trainable_params": sum(w.numel() for w in self.weights),
            "losses": self.history,
            "final_loss": self.history[-1],
        }


def compare_target_modules(target_configs, n_epochs=50):
    return {"+".join(t): Experiment(t).fit(n_epochs).to_h() for t in target_configs}
