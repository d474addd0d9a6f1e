"""Hints for exercise 4: where to look, a question, a strategy. None of them is the solution."""

HINTS: dict[str, tuple[str, str, str]] = {
    "codes_form": (
        "Look at what `quantize_nf4` returns first.",
        "Which dtype and which shape do your codes have for a tensor of shape (2, 64)?",
        "Print dtype and shape of the codes after each step. Blocks are a way of computing: at the end the codes go back into the tensor's own shape.",
    ),
    "scales": (
        "Look at how the scale of one block is computed.",
        "Which single number of a block decides its scale, and does its sign matter?",
        "Take a block whose largest number is negative and a second block that is much smaller, compute both scales by hand, and compare. Check the dtype and that there is one number for each block.",
    ),
    "nearest_level": (
        "Look at how a code is chosen once `value / scale` is known.",
        "Are the 16 levels evenly spaced, and what does nearest mean between two of them?",
        "Take single numbers that lie a little above and a little below the middle of two neighbouring levels, and see which code each gets. Try a negative pair too, and both ends.",
    ),
    "zero_block": (
        "Look at the division by the scale.",
        "What is the scale of a block of zeros, and what comes out when you divide by it?",
        "Quantize 64 zeros and look for NaN and warnings; then a tensor in which only one of several blocks is zero. That block needs a divisor that does no harm.",
    ),
    "last_block": (
        "Look at what happens when the number of values is no multiple of the block size.",
        "For 100 values in blocks of 64, how many values has the last block, and what is its scale computed from?",
        "Quantize 65 values of which the last is the largest. Count codes and scales, and check the last scale: nothing may be lost, and nothing that you added may count.",
    ),
    "block_size": (
        "Look at where `block_size` is used, and where a fixed number stands instead.",
        "With values of shape (6, 32) and blocks of 16, how many scales are there?",
        "Quantize one tensor with blocks of 16, 64 and 100 and print the number of scales each time. Blocks run on over the ends of rows.",
    ),
    "any_dtype": (
        "Look at the dtype in which you compute.",
        "How many digits does bfloat16 keep, and how near may two levels lie?",
        "Print the dtype after each step for a bfloat16 and a float64 tensor. Decide in which dtype the division and the comparison should happen, whatever comes in.",
    ),
    "any_tensor": (
        "Look at steps that take for granted how the tensor lies in memory, or that it has values at all.",
        "What do your steps do with a transposed tensor, a single number without dimensions, and a tensor of 0 values?",
        "Quantize a tensor and its transposed copy made contiguous: the codes must agree. Then try shapes `()`, `(0,)` and `(0, 4)`, and see which step stops.",
    ),
    "unchanged": (
        "Look for steps that write into the tensor that you were given.",
        "Which of your operations work in place, and on whose memory?",
        "Keep a copy of the tensor from before the call and compare afterwards. Views share memory with what they were made from: a reshaped tensor may be the caller's.",
    ),
    "dequantize_values": (
        "Look at how a code becomes a number again.",
        "Which two numbers make the value of one code, and to which block does the code belong?",
        "Take two blocks with scales 1 and 10 and work out three values by hand. If one scale fits and the other does not, look at which scale each code gets; if none fits, look at how the levels are indexed.",
    ),
    "dequantize_form": (
        "Look at dtype and shape of what `dequantize_nf4` returns.",
        "Codes of shape (2, 3, 64) come in: which shape and which dtype go out?",
        "Print dtype and shape after each step. What you flatten on the way has to be given its shape back.",
    ),
    "dequantize_blocks": (
        "Look at how each code finds its scale.",
        "With 100 codes and blocks of 64, how many codes belong to the second scale?",
        "Dequantize with blocks of 1, 16 and 100 and with a short last block, and count how many values each scale is used for. Then try no codes at all.",
    ),
    "dequantize_unchanged": (
        "Look for steps that write into `codes` or `scales`.",
        "Which of your operations work in place, and on whose memory?",
        "Keep copies of both from before the call and compare afterwards. Views share memory with what they were made from.",
    ),
}
