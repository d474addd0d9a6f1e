# unusual: the file runs its own small asserts when it is loaded (well under a second), and asserts inside the functions. Contract sets only "a few seconds for loading".
import torch
from torch import nn
from lab import LoRALayer, SimpleTransformerBlock, generate_synthetic_data


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    assert isinstance(model, nn.Module), type(model)
    assert isinstance(rank, int) and rank > 0
    assert target_modules is None or all(isinstance(t, str) for t in target_modules)
    if target_modules is None:
        target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]

    before = {n: id(m) for n, m in model.named_modules()}
    model.requires_grad_(False)
    wrapped = []
    for name, module in list(model.named_modules()):
        if isinstance(module, nn.Linear) and any(t in name for t in target_modules):
            parent, _, child = name.rpartition(".")
            setattr(model.get_submodule(parent), child, LoRALayer(module, rank, alpha))
            wrapped.append(name)

    after = {n: id(m) for n, m in model.named_modules()}
    assert all(after[n] == before[n] for n in before if n not in wrapped)
    trainable = [n for n, p in model.named_parameters() if p.requires_grad]
    assert len(trainable) == 2 * len(wrapped), trainable
    return model


def compare_target_modules(target_configs, n_epochs=50):
    results = {}
    for targets in target_configs:
        torch.manual_seed(123)
        block = SimpleTransformerBlock()
        x, y = generate_synthetic_data()
        block = add_lora_to_model_selective(block, rank=8, alpha=16, target_modules=targets)
        frozen = {n: p.clone() for n, p in block.named_parameters() if not p.requires_grad}
        params = [p for p in block.parameters() if p.requires_grad]
        opt = torch.optim.AdamW(params, lr=1e-3)
        losses = []
        for _ in range(n_epochs):
            s = 0.0
            for i in range(0, 128, 32):
                opt.zero_grad()
                loss = nn.functional.mse_loss(block(x[i:i + 32]), y[i:i + 32])
                loss.backward()
                opt.step()
                s += loss.item() / 4
            losses.append(s)
        assert all(torch.equal(p, frozen[n]) for n, p in block.named_parameters() if n in frozen)
        results["+".join(targets)] = {"target_modules": targets, "trainable_params": sum(p.numel() for p in params),
                                      "losses": losses, "final_loss": losses[-1]}
        assert len(losses) == n_epochs
    return results


def test_output_unchanged():
    m = nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 2))
    x = torch.randn(3, 4)
    y = m(x)
    assert add_lora_to_model_selective(m, 2, 4, ["0", "2"]) is m
    assert torch.allclose(m(x), y)
    assert isinstance(m[0], LoRALayer) and isinstance(m[1], nn.ReLU)


def test_empty():
    m = SimpleTransformerBlock(8, 2)
    add_lora_to_model_selective(m, target_modules=[])
    assert not any(isinstance(k, LoRALayer) for k in m.modules())


def test_default():
    m = add_lora_to_model_selective(SimpleTransformerBlock(8, 2), rank=3)
    assert sum(p.numel() for p in m.parameters() if p.requires_grad) == 4 * 3 * 16


for _name, _test in list(globals().items()):
    if _name.startswith("test_"):
        _test()
