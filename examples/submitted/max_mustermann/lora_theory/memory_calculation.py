"""Exercise 3 (20 points): how much memory full fine-tuning and LoRA need.

Write the function below where it raises NotImplementedError, keep the name and the signature, and
hand in this file under its name, `memory_calculation.py`. A notebook `lora_theory.ipynb` with the same
definition is fine too.

While it is graded
    Imports:  torch, numpy, Python's standard library, `lab` (the given code), and your other exercise files.
              Other packages (matplotlib, pandas, peft, ...) are not there: importing one raises ImportError.
    Blocked:  the network, starting new processes, and opening files. They raise OSError. That includes
              `DataLoader(num_workers=2)`: leave `num_workers` at 0. Printing is harmless.
    Time:     a few seconds for each call, and for loading this file. Put experiments that take longer below
              `if __name__ == "__main__":`.
    lab.py:   you need not hand it in; the grader uses its own copy.
"""


def calculate_memory_requirements(
    model_params_billions: float,
    lora_rank: int = 16,
    lora_target_ratio: float = 0.1,
    precision: str = "float32",
) -> dict[str, float]:
    """Memory for weights, gradients and optimizer, of full fine-tuning and of LoRA, in GB.

    Model states only: activations are not counted. GB means 1e9 bytes (not 2**30).

    The quantities
        N   the model's parameters: model_params_billions * 1e9
        b   bytes of a parameter:   float32 4, float16 2, bfloat16 2, int8 1, int4 0.5
        t   bytes of a number that is trained: t = max(b, 2), because integers cannot be trained. So under
            int8 and int4 the model's weights take b bytes each (in both halves, although nobody could train
            such weights: there full fine-tuning is for comparison); adapters, gradients and optimizer take 2
        P   the adapters' parameters. A d x d weight has d * d parameters and gains 2 * d * r in A and B. With
            d = 4096, and the share lora_target_ratio of the model targeted:

                P = N * lora_target_ratio * 2 * lora_rank / 4096

    The result (each but the last in bytes, divided by 1e9)

        full_ft_weights        N b
        full_ft_gradients      N t
        full_ft_optimizer      2 N t       Adam keeps two moments for each parameter
        full_ft_total          the sum of these three
        lora_weights           N b         the frozen model is still there
        lora_adapters          P t
        lora_gradients         P t         only what is trained has gradients
        lora_optimizer         2 P t
        lora_total             the sum of these four
        memory_savings_ratio   lora_total / full_ft_total, a plain ratio: 0.25 means a quarter of the memory

    What counts
        * All ten keys, spelt like this. More keys are allowed.
        * No rounding: values are compared to a relative 1e-5. (P itself may be rounded down to an integer.)
        * ValueError when `precision` is any other string than the five above, when the model size is zero or
          negative, and when the rank or the ratio is negative.

    Args:
        model_params_billions: the model's size in billions of parameters, above 0: 7 is a 7B model.
        lora_rank: the rank r of the adapters.
        lora_target_ratio: the share of the model's parameters that lies in targeted weights: 0.1 is 10 %.
        precision: "float32", "float16", "bfloat16", "int8" or "int4".

    Returns:
        The ten values.

    Example:
        >>> memory = calculate_memory_requirements(7, precision="float16")
        >>> memory["full_ft_weights"], memory["full_ft_total"]
        (14.0, 56.0)
        >>> round(memory["lora_total"], 3)
        14.044
        >>> memory = calculate_memory_requirements(7, precision="int4")
        >>> memory["full_ft_weights"], memory["full_ft_gradients"], round(memory["lora_total"], 3)
        (3.5, 14.0, 3.544)

    Hints:
        * In float32 full fine-tuning takes 16 bytes for each parameter: 4 weights, 4 gradients, 8 optimizer.
        * A dict from precision to bytes is all you need for b, and it tells you which names exist.
    """
    raise NotImplementedError("write calculate_memory_requirements here")
