"""Hints for exercise 1: where to look, a question, a strategy. None of them is the solution."""

HINTS: dict[str, tuple[str, str, str]] = {
    "factors": (
        "Look at the place where you create `lora_A` and `lora_B`.",
        "Will an optimizer that gets `layer.parameters()` find both factors, and may it change them?",
        "Print name, shape and `requires_grad` of everything in `layer.named_parameters()`, and look for the two names that the exercise gives.",
    ),
    "factor_shapes": (
        "Look at the shapes with which you create `lora_A` and `lora_B`.",
        "For 6 inputs, 5 outputs and rank 2: how many rows and columns does each factor have?",
        "Print the shapes for a layer whose three sizes all differ, and compare them with the exercise, rows and columns one by one.",
    ),
    "b_zero": (
        "Look at what `lora_B` holds right after creation.",
        "What must the product of the factors be, so that a new adapter changes nothing?",
        "Print both factors of a new layer, before any training. One of them has to be random, the other not.",
    ),
    "a_random": (
        "Look at what `lora_A` holds right after creation.",
        "If both factors started as the same constant, which entries could training ever tell apart?",
        "Print `lora_A` of a new layer with several inputs and rank 2. Then look up in `lab.LoRALayer` how its entries come about.",
    ),
    "own_factors": (
        "Look for anything that all layers share: class attributes, module-level tensors, default arguments.",
        "When two layers are made one after the other, where does each of them keep its numbers?",
        "Make two layers, fill a factor of the second with ones, and print the same factor of the first. Whatever changed there is made once instead of once for each layer.",
    ),
    "starts_as_original": (
        "Look at everything in `forward` that is not the adapter.",
        "With `lora_B` full of zeros, which part of your output is left, and is it what the original layer gives?",
        "Compare your layer's output with the original layer's for one small input, first in evaluation, then in training mode with dropout. The path through the original layer has to be untouched by either.",
    ),
    "low_rank_path": (
        "Look at the part of `forward` in which the factors are used.",
        "What shape has x after each of the two multiplications, and which factor comes first?",
        "Take sizes that all differ (4 inputs, 3 outputs, rank 2), write the shape beside every step, and compute one small example by hand. Check whether a step is missing, or stands in the wrong order.",
    ),
    "scaling": (
        "Look at the number that the adapter's share is multiplied by.",
        "For alpha 16 and rank 2, which number should it be, and which number is it in your layer?",
        "Set the first row of A and the first column of B to ones and all else in both to zeros, give an x with a single 1, and subtract the original layer's output: what is left is the number. Try two ranks with the same alpha, then two alphas with the same rank.",
    ),
    "defaults": (
        "Look at the signature of `__init__`.",
        "Does a call that names only the layer get the rank, alpha, dropout and bias flag that the exercise gives?",
        "Put your signature beside that of the stub: the same names, in the same order, with the same default values. Then follow each argument to where it is used.",
    ),
    "any_batch": (
        "Look for a step in `forward` that takes for granted how many dimensions x has.",
        "Which of your steps would do something else for x of shape (2, 3, features), or (features,)?",
        "Call your layer with one vector, a batch, a batch of sequences, and an empty batch, and print the shape after each step. Only the last dimension may be touched.",
    ),
    "no_dropout_in_eval": (
        "Look at when your dropout acts.",
        "After `layer.eval()`, what tells your dropout to stop?",
        "In evaluation mode two calls with the same x must give the same output. See how `nn.Dropout`, as a module of your layer, learns about the mode, and how the functional form does.",
    ),
    "no_bias": (
        "Look at every place where you use the original layer's bias.",
        "What is `layer.bias` of a layer that was made with `bias=False`?",
        "Create your layer around `nn.Linear(3, 2, bias=False)`, with the flag on and off, call it, and list its trainable parameters. Each step that needs a bias has to be ready for there being none.",
    ),
    "bias_flag": (
        "Look at where `train_bias` is used.",
        "Who decides in your layer whether the bias is trained: the flag, or what the layer was like before?",
        "List the trainable parameters for both values of the flag, for an original layer that came frozen and for one that did not: four cases, and only the flag may matter.",
    ),
    "nothing_else_trains": (
        "Look at what becomes of the original layer's parameters in `__init__`.",
        "Besides the factors, which parameters of your layer have `requires_grad`, and who turned that off for the others?",
        "Print name and `requires_grad` of all parameters. Then do one step of an optimizer on the trainable ones, and see what else has changed.",
    ),
    "gradients": (
        "Look for a step between x and the output that gradients do not pass.",
        "Which of your steps leave the graph: `detach`, `.data`, `no_grad`, a conversion to NumPy, a copy?",
        "Call `backward` on the sum of the output and print the gradient of each factor, of the bias and of x. Where one is missing or off, walk back from the output, step by step.",
    ),
    "present_values": (
        "Look for numbers that are computed once and kept.",
        "If a factor changes after the layer was made, from where does the next call take its values?",
        "Call the layer, change one factor in place under `no_grad`, and call it again with the same x. Whatever did not follow was stored too early, or changed along the way. Check x itself too.",
    ),
    "follows_to": (
        "Look for tensors or conversions in your layer with a fixed dtype or device.",
        "Which of your tensors does `.to(...)` know about?",
        "Move a layer to float64, call it, and print the dtype after each step. Tensors move by themselves when the module has registered them; others stay behind.",
    ),
    "dropout": (
        "Look at where dropout stands in `forward`, and what goes into it.",
        "Which of these does your dropout touch: the input of the adapter, the input of the original layer, or an output?",
        "Use x of ones, factors of ones and dropout 0.5 in training mode, and call it a few times. Compare the values that you see with those of `nn.Dropout` applied to x alone.",
    ),
}
