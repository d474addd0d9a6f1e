"""Hints for exercise 3: where to look, a question, a strategy. None of them is the solution."""

HINTS: dict[str, tuple[str, str, str]] = {
    "keys": (
        "Look at the dict that you return.",
        "Does it hold each of the ten names in the table, letter by letter, with a plain number?",
        "Put the keys of your result and those of the table into two sets and subtract one from the other, both ways.",
    ),
    "weights": (
        "Look at how the size of the weights is computed.",
        "How many bytes has a model of 1 billion parameters in float32, and how many GB is that in this exercise?",
        "Work out 1 billion parameters in each of the five precisions by hand, then compare. A constant factor points to the unit, one wrong precision to its width.",
    ),
    "full_ft_gradients": (
        "Look at the gradients of full fine-tuning.",
        "How many gradients does one trained parameter have?",
        "Compare your gradients with your weights in float32 and in float16: which proportion should they have there?",
    ),
    "full_ft_optimizer": (
        "Look at the optimizer's memory in full fine-tuning.",
        "What does Adam remember for each parameter that it trains, and in how many numbers?",
        "Compare your optimizer's memory with your gradients in float32 and in float16. The proportion must be the same in both.",
    ),
    "lora_weights": (
        "Look at the model's own weights in the LoRA half.",
        "Does a frozen weight still have to be in memory for the forward pass?",
        "Compare `lora_weights` with `full_ft_weights` for several ranks and ratios, and ask whether either of them should have any influence.",
    ),
    "adapters": (
        "Look at how the number of adapter parameters is computed.",
        "A targeted matrix gets two factors: how many numbers do both hold together at rank r?",
        "Double the rank, then halve the ratio, and see what your value does. Then take a ratio of 1 and compare one matrix of 4096 by 4096 with its factors by hand.",
    ),
    "lora_training": (
        "Look at gradients and optimizer in the LoRA half.",
        "Which parameters have gradients while the model itself is frozen?",
        "Compare `lora_gradients` and `lora_optimizer` with your own `lora_adapters`: the proportions are those of full fine-tuning, only for fewer parameters.",
    ),
    "trained_in_16_bits": (
        "Look at what your function does with int8 and int4 beyond the weights.",
        "Can a gradient be an int4 number, and what does the text say is used instead?",
        "For int8 and for int4 print all ten values beside those of float16. Only the model's own weights may differ, and what is computed from them; see which others of yours do.",
    ),
    "totals": (
        "Look at the two sums.",
        "Which three values make the one total, and which four the other?",
        "Add up your own parts with a calculator and compare with your totals. The difference has the size of the part that is missing, or counted twice.",
    ),
    "ratio": (
        "Look at `memory_savings_ratio`.",
        "LoRA needs less memory: should a ratio of LoRA to full fine-tuning be above or below 1?",
        "Take your two totals and form the ratio by hand. If yours is not that, see whether it is turned round, a percentage, or the part that is saved.",
    ),
    "unknown_precision": (
        "Look at what happens to a precision that you do not know.",
        "Which line of yours would notice the precision `banana`, and what does it raise?",
        "Call your function with a name that does not exist, with an empty string, and with a real dtype that is not on the list, and see what each gives: a result, another exception, or the one that is asked for.",
    ),
    "invalid_sizes": (
        "Look at what happens to numbers that make no sense.",
        "A model of size 0, a rank of -1, a ratio of -0.1: where does your function notice?",
        "List the three numbers that come in and write down for each which values are refused. Zero is not the same for all three.",
    ),
}
