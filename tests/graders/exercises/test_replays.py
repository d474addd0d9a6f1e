"""One replay of each claim, in a fresh process: it shows the failure, and beside the reference solution none.

The comparison's, which train, are run by `make bank`.
"""

import pytest

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
        "output_always_float32", "output_flattened", "cache_ignores_a",
    ),
    "selective_injection": (
        "empty_list_as_default_or", "default_says_out_proj", "b_random", "wraps_conv1d_and_layernorm_too", "factors_shared_by_shape",
        "rank_ignored_constant", "freezes_nothing", "returns_none_in_place", "alpha_integer_division", "containers_rebuilt",
        "exact_name_only_full_dotted", "only_a_frozen",
    ),
    "memory_calculation": ("floor_division_gb", "exits_on_bad_input", "adapter_gradients_in_int"),
    "nf4_quantization": (
        "blocks_interleaved", "only_matrices_accepted", "bfloat16_clipped", "dequantize_changes_codes", "dequantize_flat",
        "input_modified_inplace_division",
    ),
}  # fmt: skip


@pytest.mark.parametrize("exercise_id", list(BESIDE))
def test_each_claim_is_shown_again(exercise_id: str, box: Box) -> None:
    """Every claim of the exercise that does not train has a script that fails as the report says, and only there."""
    exercise = EXERCISES[exercise_id]
    shown, wrong = set(), []
    with Fresh() as fresh:
        for name in BESIDE[exercise_id]:
            text = (SUBMISSIONS / exercise_id / "wrong" / f"{name}.py").read_bytes()
            text = text.partition(b"def compare_target_modules")[0]  # nothing is trained here
            for outcome in failed(grade_text(exercise, text, box, Settings())):
                problems = (
                    problem(fresh, exercise_id, outcome, text.decode()),
                    problem_beside_solution(fresh, exercise_id, outcome),
                )
                wrong += [(name, outcome.id, what) for what in problems if what]
                shown.add(outcome.id)

    assert not wrong
    assert shown >= {claim.id for claim in exercise.properties if claim.function != TRAINING}
