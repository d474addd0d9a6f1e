# mistake: none | contract: fulfilled
# style: both functions are defined in nested branches and factories, the stub's functions stand above them; decorators check the result
import functools

import torch
from torch import nn

try:
    from lab import *  # noqa: F403
    from lab import LoRALayer as Wrapper
except ImportError as error:
    raise SystemExit("lab.py is missing") from error


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    raise NotImplementedError("write add_lora_to_model_selective here")


def compare_target_modules(target_configs, n_epochs=50):
    raise NotImplementedError("write compare_target_modules here")


def checked(function):
    @functools.wraps(function)
    def inner(*args, **kwargs):
        result = function(*args, **kwargs)
        assert result is not None
        return result

    return inner


def make():
    @checked
    def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
        match target_modules:
            case None:
                suffixes = tuple("." + letter + "_proj" for letter in "qkvo")
            case []:
                suffixes = ()
            case [*names]:
                suffixes = tuple("." + name for name in names)
        model.requires_grad_(False)
        for path in [p for p, m in model.named_modules() if isinstance(m, nn.Linear) and ("." + p).endswith(suffixes)]:
            *stem, last = path.split(".")
            owner = functools.reduce(getattr, stem, model)
            owner.register_module(last, Wrapper(owner.get_submodule(last), rank=rank, alpha=alpha))
        return model

    return add_lora_to_model_selective


with torch.enable_grad():
    add_lora_to_model_selective = make()
    for _ in range(1):
        if True:

            @checked
            def compare_target_modules(target_configs, n_epochs=50):
                def train(targets):
                    torch.manual_seed(len("adapter"))
                    x, y = generate_synthetic_data(32)  # noqa: F405
                    block = add_lora_to_model_selective(SimpleTransformerBlock(), target_modules=targets)  # noqa: F405
                    factors = [p for p in block.parameters() if p.requires_grad]
                    optimizer = torch.optim.Adam(factors, lr=2e-3, amsgrad=True)
                    for _ in range(n_epochs):
                        with torch.enable_grad():
                            error = (block(x) - y).pow(2).mean().sqrt()
                        optimizer.zero_grad()
                        error.backward()
                        optimizer.step()
                        yield sum(p.numel() for p in factors), error.item()

                table = {"+".join(t): (t, list(train(t))) for t in target_configs}
                return {
                    key: {
                        "target_modules": t,
                        "trainable_params": rows[0][0],
                        "losses": [loss for _, loss in rows],
                        "final_loss": rows[-1][1],
                    }
                    for key, (t, rows) in table.items()
                }
