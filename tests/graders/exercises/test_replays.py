"""One replay of each claim, in a fresh process: it shows the failure, and beside the reference solution none."""

from collections.abc import Iterable

import pytest

from graders.grade import reference_submission
from graders.judge.box import Box
from graders.settings import Settings
from tests.bank.replays import Fresh, failed, problem, problem_beside_solution
from tests.graders.grading import EXERCISES, SUBMISSIONS, grade_text

TRAINING = "compare_target_modules"
# Chosen so that each claim fails in one of them.
BESIDE = {
    "lora_with_bias": (
        "rank_hard_coded", "pair_dropout_in_eval_and_flag_inverted", "activation_between_factors", "a_zero", "a_linear_with_bias",
        "b_default_linear_init", "bias_always_trained", "factors_swapped", "factors_on_the_class", "dropout_on_output", "base_path_missing",
        "output_always_float32", "output_flattened", "cache_ignores_a", "base_weight_trainable",
    ),
    "selective_injection": (
        "empty_list_as_default_or", "default_says_out_proj", "b_random", "wraps_conv1d_and_layernorm_too", "factors_shared_by_shape",
        "rank_ignored_constant", "freezes_nothing", "returns_none_in_place", "alpha_integer_division", "containers_rebuilt",
        "exact_name_only_full_dotted", "only_a_frozen", "inference_path_without_scale",
        "nested_parent_bug_setattr_root",
    ),
    "memory_calculation": ("floor_division_gb", "exits_on_bad_input", "adapter_gradients_in_int"),
    "nf4_quantization": (
        "blocks_interleaved", "only_matrices_accepted", "bfloat16_clipped", "dequantize_changes_codes", "dequantize_flat",
        "input_modified_inplace_division",
    ),
}  # fmt: skip
# A comparison in which nothing is right but that it does not depend on the order.
COMPARISON = """

def compare_target_modules(target_configs, n_epochs=50):
    results = {}
    for targets in target_configs:
        torch.manual_seed(len(targets))
        block = SimpleTransformerBlock()
        x, y = generate_synthetic_data()
        add_lora_to_model_selective(block, 4, 16, targets)
        for norm in (part for part in block.modules() if isinstance(part, nn.LayerNorm)):
            norm.requires_grad_(True)
        trained = [p for p in block.parameters() if p.requires_grad]
        optimizer = torch.optim.AdamW(trained, lr=1e-3)
        losses = []
        for epoch in range(n_epochs + 1):
            loss = nn.functional.mse_loss(block(x), y)
            loss.backward()
            optimizer.step()
            losses.append(loss.item() + epoch)
        results[" ".join(targets)] = {
            "target_modules": targets, "trainable_params": len(trained), "losses": losses, "final_loss": losses[-1],
        }
    return results
"""


@pytest.mark.parametrize("exercise_id", list(BESIDE))
def test_each_claim_is_shown_again(exercise_id: str, box: Box) -> None:
    """Every claim of the exercise that does not train has a script that fails as the report says, and only there."""
    # Nothing is trained here.
    texts = [
        wrong_submission(exercise_id, name).partition("def compare_target_modules")[0]
        for name in BESIDE[exercise_id]
    ]

    assert shown_again(exercise_id, texts, box) >= {
        claim.id for claim in EXERCISES[exercise_id].properties if claim.function != TRAINING
    }


def test_each_claim_about_training_is_shown_again(box: Box) -> None:
    """Every claim of the comparison has such a script too."""
    exercise_id = "selective_injection"
    solution = reference_submission("lora_theory").files[f"{exercise_id}.py"].decode()
    texts = [
        solution.partition("def compare_target_modules")[0] + COMPARISON,
        wrong_submission(exercise_id, "learning_rate_decays_on"),
    ]

    assert shown_again(exercise_id, texts, box) == {
        claim.id for claim in EXERCISES[exercise_id].properties if claim.function == TRAINING
    }


def wrong_submission(exercise_id: str, name: str) -> str:
    """The text of one."""
    return (SUBMISSIONS / exercise_id / "wrong" / f"{name}.py").read_text(encoding="utf-8")


def shown_again(exercise_id: str, texts: Iterable[str], box: Box) -> set[str]:
    """Grades the texts, replays what failed beside each and beside the solution, and says which claims those were."""
    shown, wrong = set(), []
    with Fresh() as fresh:
        for text in texts:
            for outcome in failed(grade_text(EXERCISES[exercise_id], text.encode(), box, Settings())):
                problems = (
                    problem(fresh, exercise_id, outcome, text),
                    problem_beside_solution(fresh, exercise_id, outcome),
                )
                wrong += [(outcome.id, what, text) for what in problems if what]
                shown.add(outcome.id)
    assert not wrong
    return shown
