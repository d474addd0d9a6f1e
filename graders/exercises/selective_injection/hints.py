"""Hints for exercise 2: where to look, a question, a strategy. None of them is the solution."""

HINTS: dict[str, tuple[str, str, str]] = {
    "wraps_targets": (
        "Look at the loop that finds the layers, and at the line that puts the new one in place.",
        "Of a layer called `blocks.0.attn.q_proj`, which module has to be given a new child, and under which name?",
        "Print the dotted names of all modules of a small nested model before and after your call, and mark those that should have changed. Then see whether the missing ones are not found, or not put in place.",
    ),
    "default_arguments": (
        "Look at the signature, and at what you do when no targets are given.",
        "Which four layers does the exercise choose by default, and with which rank and alpha?",
        "Call the function with nothing but the model and print the names and shapes of the new parameters. Compare them with the exercise's defaults, one at a time.",
    ),
    "empty_list": (
        "Look at how you notice that no targets were given.",
        "An empty list and `None`: which of the two does your condition tell apart?",
        "Try your condition in Python with `None`, with an empty list, and with one target. Three inputs, and only the first asks for the default.",
    ),
    "only_linear": (
        "Look at the condition under which a module is wrapped.",
        "What happens to a LayerNorm, a convolution or an Embedding whose name is `q_proj`?",
        "Build a small model in which modules of several kinds have a matching name, and print the type of each module before and after your call.",
    ),
    "rest_frozen": (
        "Look at where parameters are frozen, and in which order that happens.",
        "After your call, which parameters with `requires_grad` are no factors?",
        "List name and `requires_grad` of all parameters of the model after your call: biases, norms and layers that nobody targeted included. For each that is wrong, find the line that should have frozen it.",
    ),
    "factors_trainable": (
        "Look at whether something is frozen after the adapters were put in.",
        "At which moment do the factors come into being, and at which moment do you freeze?",
        "Print `requires_grad` of the factors right after they are made and again at the end. If it changes in between, the order of your steps is what to think about.",
    ),
    "rank": (
        "Look at how `rank` gets from your function to the factors.",
        "If you ask for rank 3, which of the dimensions of each factor should be 3?",
        "Call your function with two ranks and print the shapes of the factors. A number that does not follow is written down somewhere, or two arguments have changed places.",
    ),
    "own_factors": (
        "Look for an adapter, or a factor, that is made once and used for several layers.",
        "How many pairs of factors exist after two layers were wrapped?",
        "Wrap two layers, set a factor of one of them, and print that of the other. Count the distinct `id(...)` of all factors.",
    ),
    "keeps_pretrained": (
        "Look at what becomes of the old layer's weight and bias.",
        "Right after the call, before any training, should the model's output differ from before?",
        "Run the model on one input before and after your call and compare the outputs layer by layer. Where they part, either the old weights are not used, or the adapter does not start at zero.",
    ),
    "scaling": (
        "Look at how `alpha` and `rank` reach the adapter.",
        "With alpha 16 and rank 2, by which number is the adapter's share multiplied?",
        "Take one wrapped layer by itself. Set the first row of its A and the first column of its B to ones and all else in both to zeros, give it an x with a single 1, and subtract its output with B = 0: what is left is the number. Vary alpha alone, then rank alone.",
    ),
    "returns_same_model": (
        "Look at what your function returns.",
        "Is `result is model` true for the model that you were given?",
        "Follow the model through your function: is it copied on the way, or is the last line missing?",
    ),
    "untargeted_stay": (
        "Look at what you do with layers that match no target.",
        "Which modules of the model are other objects after your call than before?",
        "Keep `dict(model.named_modules())` from before the call and compare afterwards, name by name, with `is`. Every name that was not targeted must give the same object.",
    ),
    "entries": (
        "Look at the dict that `compare_target_modules` returns.",
        "Which four names does each entry have, and how is the key of an entry made from its targets?",
        "Print the result for two configurations and one epoch, and compare it with the exercise, name by name: spelling, order, types, and where the last number comes from.",
    ),
    "epochs": (
        "Look at the training loop, and at what is added to `losses`.",
        "For `n_epochs=3`, how many numbers should the list hold: one for each epoch, or one for each batch?",
        "Call it with 1 and with 3 epochs and print the length of each list. Check the default of `n_epochs` too.",
    ),
    "counts": (
        "Look at how you count for `trainable_params`.",
        "Does your number include parameters that are frozen, and is it taken after the adapters were put in?",
        "Count by hand for one target: a 256 by 256 layer with rank 8 gains how many numbers? Print your count beside it.",
    ),
    "same_setting": (
        "Look at how the block and the adapters are made for each configuration.",
        "Which `d_model`, `n_heads`, rank and alpha does the exercise ask for, and which do you pass?",
        "Print `model.d_model`, `model.n_heads` and the shapes of the factors in each configuration. What you leave to the defaults of your own function counts as passed.",
    ),
    "same_start": (
        "Look at what happens at the start of each configuration, before any training.",
        "Does the second configuration begin with the weights that the first one began with?",
        "Print the sum of one weight at the start of each configuration. It must be the same number each time: think about where a block is made, and in which state the random numbers are at that moment.",
    ),
    "same_data": (
        "Look at where the training data are made.",
        "Are the inputs of the second configuration the same numbers as those of the first?",
        "Print the sum of the inputs in each configuration. Data from `generate_synthetic_data` follow torch's random state at the moment of the call: what was drawn before it?",
    ),
    "independent": (
        "Look for anything that is left over from one configuration when the next one begins.",
        "If a configuration is listed second instead of first, what does it find that is different: random state, optimizer, model, data, batch order?",
        "Run one configuration alone, then after another one, and compare its losses. The first epoch in which they part tells which draw, or which object, was not made anew.",
    ),
    "trains": (
        "Look at the loop of one training step, and at which parameters the optimizer has.",
        "In which order do the three calls that make a step come, and does each really happen?",
        "Print the loss of every epoch and one factor before and after. If nothing moves, see what the optimizer was given and whether gradients arrive; if the loss grows, look at the step size.",
    ),
    "trains_only_adapters": (
        "Look at which parameters the optimizer gets, and what else changes during training.",
        "After training, is there a weight of the original block that is no longer what it was?",
        "Keep a copy of all parameters from before training and list by name which differ afterwards. Only factors may be on the list: names that end in `lora_A` or `lora_B` (or `lora_A.weight`, `lora_B.weight`).",
    ),
}
