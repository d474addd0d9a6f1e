"""Exercise 2 (20 + 10 points): put LoRA where you want it, and find out where it helps.

Write the two functions below where they raise NotImplementedError, keep the names and the signatures, and
hand in this file under its name, `selective_injection.py`. A notebook `lora_theory.ipynb` with the same
definitions is fine too.

While it is graded
    Imports:  torch, numpy, Python's standard library, `lab` (the given code), and your other exercise files.
              Other packages (matplotlib, pandas, peft, ...) are not there: importing one raises ImportError.
    Blocked:  the network, starting new processes, and opening files. They raise OSError. That includes
              `DataLoader(num_workers=2)`: leave `num_workers` at 0. Printing is harmless.
    Time:     60 seconds for a call of `compare_target_modules`, a few seconds for every other call and for
              loading this file. Put a comparison over many epochs below `if __name__ == "__main__":`.
    lab.py:   you need not hand it in; the grader uses its own copy.
"""

import torch
from torch import nn

from lab import LoRALayer, SimpleTransformerBlock, generate_synthetic_data


def add_lora_to_model_selective(
    model: nn.Module,
    rank: int = 8,
    alpha: float = 16,
    target_modules: list[str] | None = None,
) -> nn.Module:
    """Put a LoRA adapter on each targeted `nn.Linear` of the model, in place, and return the same model.

    What counts
        * A layer is targeted when its dotted name (`blocks.0.q_proj`) matches one of `target_modules`, at any
          depth. You may take "matches" as: the target is a part of the dotted name (`target in name`), or the
          name ends with it (`q_proj`, `0.q_proj`), or its last component equals it. No test tells these
          apart.
        * `None` means the four attention projections, `["q_proj", "k_proj", "v_proj", "o_proj"]`. An empty
          list is not `None`: it means no layer at all.
        * Only `nn.Linear` layers are wrapped. A module of another kind with a matching name (a LayerNorm, an
          Embedding, a Conv1d) is left as it is.
        * A wrapped layer keeps its pretrained weight and bias, has its own factors of the given rank, and
          scales by `alpha / rank`. The model's output does not change when the adapters are put in.
        * The factors are parameters below the layer's dotted name whose names end in `lora_A` and `lora_B`
          (or `lora_A.weight` and `lora_B.weight`). With `lab.LoRALayer` that is so: `blocks.0.q_proj.lora_A`.
          A class of your own is fine too.
        * Everything but the adapters is frozen. On return their factors are the only parameters of the whole
          model with `requires_grad`: norms, embeddings, layers that are not targeted, and every bias are
          frozen.
        * Modules that are not targeted are still the same objects, and the model that is returned is the one
          that came in: change it, do not copy it.

    Args:
        model: any `nn.Module`: nested, with Sequential or ModuleList, with layers that are not Linear.
        rank: the rank of each adapter.
        alpha: the update of each adapter is multiplied by `alpha / rank`.
        target_modules: the patterns, or None for the four attention projections.

    Returns:
        The same model.

    Example:
        >>> block = SimpleTransformerBlock(d_model=32, n_heads=4)
        >>> block = add_lora_to_model_selective(block, rank=2, alpha=4, target_modules=["q_proj", "v_proj"])
        >>> [name for name, p in block.named_parameters() if p.requires_grad]
        ['q_proj.lora_A', 'q_proj.lora_B', 'v_proj.lora_A', 'v_proj.lora_B']

    Hints:
        * Freeze first, wrap afterwards: what `lab.LoRALayer` creates is trainable.
        * `list(model.named_modules())` first: the model changes while you walk through it.
        * A layer `blocks.0.q_proj` is replaced in its parent: `setattr(parent, "q_proj", ...)` with the
          parent from `model.get_submodule("blocks.0")`. `get_submodule("")` is the model itself.
    """
    raise NotImplementedError("write add_lora_to_model_selective here")


def compare_target_modules(target_configs: list[list[str]], n_epochs: int = 50) -> dict[str, dict]:
    """Train one adapter configuration after the other on the lab's task, and report how each one did.

    What counts
        * The result has one entry for each list of targets, in the order given, under the key
          `"+".join(targets)`: `["q_proj", "v_proj"]` becomes `"q_proj+v_proj"`. Each entry is a dict with

              target_modules     the list of targets
              trainable_params   int: how many numbers are trained, those your injection leaves trainable
              losses             list of `n_epochs` floats: the training loss of each epoch
              final_loss         float: the last of them

        * Each configuration trains a fresh `SimpleTransformerBlock()` of the lab (d_model=256, n_heads=8),
          with adapters of rank 8 and alpha 16 put in by your function above, on data of
          `generate_synthetic_data`.
        * Only the targets differ: every configuration starts from the same initial weights and the same data.
          So seed torch at the start of each configuration (`torch.manual_seed`), and draw the block first,
          then the data, then the adapters and the order of the batches: more targets draw more numbers, and
          what comes after them differs. A configuration's losses are then the same whichever others are
          listed, and in whatever order.
        * Training trains the adapters, and only them. The losses are finite, not all equal, and do not rise:
          the mean of the last third of the epochs is at most 1.05 times the mean of the first third.
        * Optimizer, learning rate, loss function, batch size and number of samples are yours. Few samples do:
          the 128 of `generate_synthetic_data()` are enough, and a call has to be done in 60 seconds. AdamW
          with a learning rate of 1e-3 is a good start.

    Args:
        target_configs: lists of targets, each as for `add_lora_to_model_selective`.
        n_epochs: how often training goes through the data.

    Returns:
        The entries, by key.

    Example:
        >>> results = compare_target_modules([["q_proj"], ["q_proj", "v_proj"]], n_epochs=2)
        >>> list(results)
        ['q_proj', 'q_proj+v_proj']
        >>> results["q_proj+v_proj"]["trainable_params"]  # 2 layers, each with 8 * (256 + 256)
        8192
        >>> len(results["q_proj"]["losses"])
        2

    Hints:
        * The block's layers are `q_proj`, `k_proj`, `v_proj`, `o_proj` in the attention and `gate_proj`,
          `up_proj`, `down_proj` in the MLP. Which of them help, and at what price?
        * `generate_synthetic_data()` returns x and y, both of shape (128, 16, 256).
        * A block that was trained once is not fresh: build a new one inside the loop.
        * `loss.item()` is a float; the loss itself is a tensor that keeps the whole graph alive.
    """
    raise NotImplementedError("write compare_target_modules here")


if __name__ == "__main__":
    configs = [["q_proj", "v_proj"], ["gate_proj", "up_proj", "down_proj"]]
    for key, entry in compare_target_modules(configs).items():
        print(f"{key:32} {entry['trainable_params']:8,} parameters   loss {entry['final_loss']:.4f}")
