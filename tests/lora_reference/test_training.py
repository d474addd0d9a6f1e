"""Training: what the history says, on a task with a known answer."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from lora_reference import (
    LoRALayer,
    SimpleTransformerBlock,
    add_lora_to_model,
    planted_task,
    sweep_ranks,
    train,
)
from lora_reference.training import evaluate


def adapted(**options: object) -> nn.Module:
    torch.manual_seed(0)
    return add_lora_to_model(SimpleTransformerBlock(16, 2), 2, 4, ["q_proj", "up_proj"], **options)  # type: ignore[arg-type]


DATA = torch.randn(24, 5, 16, generator=torch.Generator().manual_seed(0))


def test_the_history_tells_losses_and_norms() -> None:
    """Losses of each epoch, norms before and after each, the update's with its scaling; the base stays."""
    model = adapted()
    W = model.q_proj.original_layer.weight.clone()
    history = train(model, DATA, DATA.flip(-1), n_epochs=3, held_out=(DATA, DATA))
    q = history.layers["q_proj"]
    layer = model.q_proj
    assert isinstance(layer, LoRALayer)

    assert len(history.losses) == 3
    assert len(history.held_out_losses) == len(q.norm_A) == len(q.norm_update) == 4
    assert q.norm_B[0] == q.norm_update[0] == 0 < q.norm_B[1]
    assert q.norm_update[-1] == pytest.approx(float((2 * layer.lora_B @ layer.lora_A).detach().norm()))
    assert history.loss_after == pytest.approx(evaluate(model, DATA, DATA.flip(-1)))
    assert history.loss_after < history.loss_before
    assert history.trainable_params == 2 * (16 + 16) + 2 * (16 + 32)
    assert torch.equal(layer.original_layer.weight, W)


def test_training_is_seeded_and_leaves_the_generator() -> None:
    """The same seed gives the same losses, with dropout too; torch's own generator is where it was."""
    runs = []
    torch.manual_seed(5)
    before = torch.get_rng_state()
    for seed in (1, 1, 2):
        model = adapted(dropout=0.3)
        torch.set_rng_state(before)
        runs.append(train(model, DATA, DATA.flip(-1), n_epochs=2, batch_size=8, seed=seed).losses)
        assert torch.equal(torch.get_rng_state(), before)
    assert runs[0] == runs[1] != runs[2]


def test_the_loop_is_the_plain_one() -> None:
    """The same losses as AdamW in a loop written out."""
    mine, plain = adapted(), adapted()
    losses = train(mine, DATA, DATA.flip(-1), n_epochs=2, batch_size=24, learning_rate=3e-3).losses
    optimizer = torch.optim.AdamW([p for p in plain.parameters() if p.requires_grad], lr=3e-3)
    for loss_before in losses:
        loss = F.mse_loss(plain(DATA), DATA.flip(-1))
        assert loss.item() == pytest.approx(loss_before, rel=1e-5)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def test_lora_plus_moves_b_further() -> None:
    """With `b_ratio` 16 the first step of B is 16 times as long, and that of A the same."""
    steps = {}
    for ratio in (1.0, 16.0):
        model = adapted()
        A = model.q_proj.lora_A.detach().clone()
        train(model, DATA, DATA.flip(-1), n_epochs=1, batch_size=24, learning_rate=1e-4, b_ratio=ratio)
        steps[ratio] = (model.q_proj.lora_B.abs().max().item(), (model.q_proj.lora_A - A).abs().max().item())
    assert steps[16.0][0] == pytest.approx(16 * steps[1.0][0], rel=1e-3)
    assert steps[16.0][1] == pytest.approx(steps[1.0][1], abs=1e-7)


def test_what_makes_no_sense_is_refused() -> None:
    """No epochs, data that do not fit each other, nothing that trains."""
    with pytest.raises(ValueError, match="n_epochs = 0"):
        train(adapted(), DATA, DATA, n_epochs=0)
    with pytest.raises(ValueError, match="24 samples and y 3"):
        train(adapted(), DATA, DATA[:3])
    with pytest.raises(ValueError, match="add adapters first"):
        train(SimpleTransformerBlock(16, 2).requires_grad_(False), DATA, DATA)


def test_the_planted_task_has_the_planted_answer() -> None:
    """The teacher is reached by the planted update, whose rank is the one asked for; the student is not there yet."""
    task = planted_task(3, n_samples=16)
    assert {name: int(torch.linalg.matrix_rank(update, tol=1e-3)) for name, update in task.updates.items()} == {
        "v_proj": 3, "up_proj": 3,
    }  # fmt: skip
    assert (
        evaluate(task.taught(task.updates), *task.held_out)
        < 1e-12
        < 1e-3
        < evaluate(task.fresh(), *task.held_out)
    )


def test_the_rank_sweep_has_its_elbow_at_the_planted_rank() -> None:
    """Below the planted rank much is left over, from it on nearly nothing; no rank beats Eckart and Young in the weights."""
    task = planted_task(2, n_samples=128)
    x, y = task.held_out
    results = {result.rank: result for result in sweep_ranks(task, (1, 2, 4), n_epochs=30)}

    assert results[1].held_out_loss > 100 * results[2].held_out_loss
    assert results[4].held_out_loss < 0.01 * results[1].held_out_loss
    assert all(result.weight_error >= result.weight_bound - 1e-6 for result in results.values())
    assert results[1].weight_bound == pytest.approx(0.5**0.5)
    assert results[1].held_out_loss < min(float(y.square().mean()), float((x - y).square().mean()))


def test_targets_compare_as_they_should() -> None:
    """Adapters on the planted layers learn the task, as many on others do not."""
    task = planted_task(2, ("up_proj",), n_samples=64)
    losses = {
        targets: sweep_ranks(task, (2,), targets=[targets], n_epochs=20)[0].held_out_loss
        for targets in ("up_proj", "q_proj", "v_proj")
    }
    assert losses["up_proj"] < 0.1 * min(losses["q_proj"], losses["v_proj"])
