"""Pictures: each function draws what it was given and shows nothing."""

import subprocess
import sys

import pytest
import torch

pytest.importorskip("matplotlib", reason="matplotlib is in the extra lab: make setup")

from lora_reference import SimpleTransformerBlock, add_lora_to_model, planted_task, plots, sweep_ranks, train


def test_training_dynamics_draws_each_adapter() -> None:
    """Four panels; a line for each adapter in three of them, from 0 for B."""
    model = add_lora_to_model(SimpleTransformerBlock(16, 2), 2, 4, ["q_proj", "v_proj"])
    x = torch.randn(8, 4, 16)
    history = train(model, x, x, n_epochs=2, held_out=(x, x))
    loss, _, norm_B, update = plots.training_dynamics(history).axes

    assert [len(ax.lines) for ax in (loss, norm_B, update)] == [2, 2, 2]
    assert norm_B.lines[0].get_ydata()[0] == 0
    assert update.lines[1].get_ydata()[-1] == history.layers["v_proj"].norm_update[-1]


def test_the_other_pictures_have_their_data() -> None:
    """Ranks, spectra, targets, sizes, levels and rows are all there."""
    task = planted_task(1, ("up_proj",), d_model=16, n_heads=2, n_samples=8)
    results = sweep_ranks(task, (1, 2), n_epochs=1)
    assert [len(ax.lines) for ax in plots.rank_sweep(results).axes] == [2, 2]
    assert [len(ax.lines) for ax in plots.rank_sweep(results, planted=1).axes] == [3, 3]
    matrix = torch.randn(12, 9)
    errors = plots.spectrum({"a": matrix, "b": torch.eye(9)}, ranks=[1, 3, 9]).axes[1]
    assert errors.lines[1].get_ydata()[-1] == pytest.approx(0, abs=1e-6)
    entry = {"losses": [2.0, 1.0], "final_loss": 1.0, "trainable_params": 10}
    assert len(plots.target_comparison({"q_proj": entry, "v_proj": entry}).axes[0].lines) == 2
    assert plots.memory_by_model_size((1, 7)).axes[0].lines[0].get_ydata()[1] == 56
    assert len(plots.nf4_levels(matrix, 4).axes[0].lines) == 16
    assert (
        len(plots.magnitude_and_direction(matrix, {"x": 2 * matrix}).axes[0].collections[0].get_offsets())
        == 12
    )


def test_importing_the_library_brings_no_plotting() -> None:
    """`import lora_reference` stays light, and the plots never touch pyplot."""
    code = (
        "import sys, lora_reference; assert 'matplotlib' not in sys.modules; from lora_reference import plots; "
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
