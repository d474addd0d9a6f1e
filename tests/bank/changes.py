"""Mistakes as changes of the reference solutions: what is replaced, by what. Each must cost points under any seed."""

from graders.grade import reference_submission

Change = list[tuple[str, str]]

MEMORY: dict[str, Change] = {
    "gib-not-gb": [("gb = 1e9", "gb = 2**30")],
    "optimizer-one-state": [("2 * n * t", "n * t"), ("2 * p * t", "p * t")],
    "optimizer-missing": [("2 * n * t / gb", "0.0"), ("2 * p * t / gb", "0.0")],
    "gradients-missing": [('"full_ft_gradients": n * t', '"full_ft_gradients": 0 * t')],
    "lora-trains-all": [('"lora_gradients": p', '"lora_gradients": n'), ("2 * p * t", "2 * n * t")],
    "adapter-one-matrix": [("* 2 * lora_rank", "* lora_rank")],
    "rank-ignored": [("* 2 * lora_rank", "* 2 * 16")],
    "ratio-ignored": [("* lora_target_ratio *", "* 0.1 *")],
    "precision-ignored": [("b = bytes_of[precision]", "b = 4")],
    "wrong-byte-width": [('"bfloat16": 2', '"bfloat16": 4')],
    "int4-one-byte": [('"int4": 0.5', '"int4": 1')],
    "training-in-int": [("t = max(b, 2)", "t = b")],
    "optimizer-always-fp32": [("2 * n * t", "2 * n * 4"), ("2 * p * t", "2 * p * 4")],
    "ratio-inverted": [("lora_total / full_ft_total", "full_ft_total / lora_total")],
    "savings-instead-of-ratio": [("lora_total / full_ft_total", "1 - lora_total / full_ft_total")],
    "adapters-missing-from-total": [("sum(lora.values())", "sum(lora.values()) - p * t / gb")],
    "weights-missing-from-lora": [("sum(lora.values())", "sum(lora.values()) - n * b / gb")],
    "billions-not-scaled": [("model_params_billions * 1e9", "model_params_billions")],
    "bytes-not-gb": [("gb = 1e9", "gb = 1")],
    "unknown-precision-accepted": [("if precision not in bytes_of:", "if False:"), ("bytes_of[precision]", "bytes_of.get(precision, 4)")],
    "invalid-sizes-accepted": [("if model_params_billions <= 0:", "if False:"), ("if lora_rank < 0 or", "if False and")],
    "negative-rank-accepted": [("lora_rank < 0 or lora_target_ratio", "lora_target_ratio")],
    "zero-size-accepted": [("model_params_billions <= 0", "model_params_billions < 0")],
    "missing-keys": [('"lora_gradients": p * t / gb,', "")],
    "lora-weights-reduced": [('"lora_weights": n * b', '"lora_weights": 0.9 * n * b')],
    "raises-the-wrong-error": [("raise ValueError(f\"unknown", "raise KeyError(f\"unknown")],
    "rounded": [("2 * n * t / gb", "round(2 * n * t / gb, 2)"), ('"lora_adapters": p * t / gb', '"lora_adapters": round(p * t / gb, 3)')],
    "other-width-of-the-model": [("/ 4096", "/ 1024")],
    "adapters-in-the-weights-precision": [('"lora_adapters": p * t', '"lora_adapters": p * b')],
}  # fmt: skip

NF4: dict[str, Change] = {
    "tensor-wide-scale": [("scales = blocks.abs().amax(dim=1)", "scales = blocks.abs().amax() + 0 * blocks[:, 0] if n else blocks[:, 0]")],
    "signed-max-scale": [("blocks.abs().amax", "blocks.amax")],
    "std-scale": [("blocks.abs().amax(dim=1)", "blocks.std(dim=1)")],
    "minmax-scale": [("blocks.abs().amax(dim=1)", "(blocks.amax(dim=1) - blocks.amin(dim=1)) / 2")],
    "floor-not-nearest": [("middles = (NF4_LEVELS[:-1] + NF4_LEVELS[1:]) / 2", "middles = NF4_LEVELS[1:]")],
    "zero-block-nan": [("divisors = torch.where(scales > 0, scales, 1.0)", "divisors = scales")],
    "row-blocks": [("values = tensor.reshape(-1)", "values = tensor.T.reshape(-1)")],
    "shape-lost": [(".reshape(tensor.shape).to(torch.uint8)", ".to(torch.uint8)")],
    "signed-codes": [(".to(torch.uint8), scales", ".to(torch.int8), scales")],
    "codes-of-64-bits": [(".to(torch.uint8), scales", ", scales")],
    "returns-values-not-codes": [("codes.reshape(-1)[:n].reshape(tensor.shape).to(torch.uint8)", "NF4_LEVELS[codes].reshape(-1)[:n].reshape(tensor.shape)")],
    "scale-not-multiplied-back": [("(levels * scale_of_each)", "levels")],
    "scale-inverted": [("levels * scale_of_each", "levels / scale_of_each")],
    "block-size-ignored": [("values.numel()\n", "values.numel()\n    block_size = 64\n")],
    "block-size-ignored-in-dequantize": [("repeat_interleave(block_size)", "repeat_interleave(64)")],
    "low-precision-scale": [("scales = blocks.abs().amax(dim=1)", "scales = blocks.abs().amax(dim=1).half().float()")],
    "dequantize-wrong-dtype": [("(levels * scale_of_each)", "(levels * scale_of_each).double()")],
    "dequantize-flat": [(").reshape(codes.shape)", ")")],
    "partial-block-dropped": [("tensor.reshape(-1)", "tensor.reshape(-1)[: max(tensor.numel() // block_size, 1) * block_size]")],
    "scales-two-dimensional": [("to(torch.uint8), scales", "to(torch.uint8), scales[:, None]")],
    "scales-of-64-bits": [("to(torch.uint8), scales", "to(torch.uint8), scales.double()")],
    "epsilon-in-the-scale": [("torch.where(scales > 0, scales, 1.0)", "torch.where(scales > 0, scales + 1e-4, 1.0)")],
    "levels-rounded-to-3-decimals": [("codes = torch.bucketize(normalized, middles)", "codes = torch.bucketize(normalized, (middles * 1000).round() / 1000)")],
    "thresholds-shifted": [("torch.bucketize(normalized, middles)", "torch.bucketize(normalized, middles + 1e-3)")],
    "half-precision-inside": [("to(torch.float32)", "to(torch.float16).to(torch.float32)")],
    "needs-contiguous": [("tensor.reshape(-1)", "tensor.view(-1)")],
    "input-modified": [("values = tensor.reshape(-1)", "tensor.clamp_(-1, 1)\n    values = tensor.reshape(-1)")],
    "bfloat16-inside": [("normalized = blocks", "normalized = blocks.bfloat16()")],
    "codes-as-mask": [("codes.reshape(-1).long()", "codes.reshape(-1)")],
    "wrong-above-32767": [("codes = torch.bucketize(normalized, middles)", "codes = torch.bucketize(normalized, middles)\n    codes = codes if n < 32768 else codes * 0")],
}  # fmt: skip

INJECT: dict[str, Change] = {
    "targets-ignored": [("for target in target_modules)", 'for target in ["q_proj", "k_proj", "v_proj", "o_proj"])')],
    "exact-name-only": [("target in name for", "target == name for")],
    "default-targets-missing": [('target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]', 'target_modules = ["q_proj", "v_proj"]')],
    "empty-list-as-default": [("if target_modules is None:", "if not target_modules:")],
    "wraps-non-linear": [("isinstance(module, nn.Linear) and", "not list(module.children()) and name and")],
    "rest-not-frozen": [("for parameter in model.parameters():\n        parameter.requires_grad = False", "pass")],
    "biases-left-trainable": [
        ("for parameter in model.parameters():\n        parameter.requires_grad = False",
         "for name, parameter in model.named_parameters():\n        parameter.requires_grad = name.endswith('bias')"),
        ("LoRALayer(module, rank, alpha))\n    return", "LoRALayer(module, rank, alpha))\n    for name, p in model.named_parameters():\n"
         "        if name.endswith('bias'):\n            p.requires_grad = True\n    return"),
    ],
    "adapters-frozen": [("rank, alpha))\n    return model", "rank, alpha))\n    model.requires_grad_(False)\n    return model")],
    "pretrained-weight-lost": [("LoRALayer(module, rank", "LoRALayer(nn.Linear(module.in_features, module.out_features, module.bias is not None), rank")],
    "bias-lost": [("LoRALayer(module, rank", "LoRALayer(bare(module), rank"), ("\ndef add_lora", "\ndef bare(m):\n    n = nn.Linear(m.in_features, m.out_features, bias=False)\n    n.weight = m.weight\n    return n\n\n\ndef add_lora")],
    "rank-ignored": [("LoRALayer(module, rank, alpha)", "LoRALayer(module, 8, alpha)")],
    "alpha-ignored": [("LoRALayer(module, rank, alpha)", "LoRALayer(module, rank, 16)")],
    "returns-none": [("alpha))\n    return model\n", "alpha))\n")],
    "returns-copy": [("    for parameter in model.parameters():\n", "    import copy\n    model = copy.deepcopy(model)\n    for parameter in model.parameters():\n")],
    "wraps-first-match-only": [("LoRALayer(module, rank, alpha))\n    return", "LoRALayer(module, rank, alpha))\n            break\n    return")],
    "nested-parent-bug": [("setattr(model.get_submodule(parent_name), child_name,", "setattr(model, child_name,")],
    "top-level-children-only": [("list(model.named_modules())", "list(model.named_children())")],
    "rank-and-alpha-exchanged": [("LoRALayer(module, rank, alpha)", "LoRALayer(module, int(alpha) or 1, rank)")],
    "other-default-rank": [("rank: int = 8", "rank: int = 4")],
    "one-layer-for-all": [("LoRALayer(module, rank, alpha))\n", "LoRALayer(module, rank, alpha))\n            shared.append(model.get_submodule(name))\n            "
                           "if shared[0].lora_A.shape == shared[-1].lora_A.shape and shared[0].lora_B.shape == shared[-1].lora_B.shape:\n"
                           "                shared[-1].lora_A, shared[-1].lora_B = shared[0].lora_A, shared[0].lora_B\n"),
                          ("    for parameter in model.parameters():\n", "    shared = []\n    for parameter in model.parameters():\n")],
    "untargeted-layers-replaced": [("    return model\n    ### END", "    import copy\n    for name, module in list(model.named_modules()):\n        if isinstance(module, nn.LayerNorm):\n"
                                    "            parent, _, child = name.rpartition('.')\n            setattr(model.get_submodule(parent), child, copy.deepcopy(module))\n    return model\n    ### END")],
    "model-reused": [("    results = {}\n", "    results = {}\n    torch.manual_seed(0)\n    model = SimpleTransformerBlock()\n"), ("        model = SimpleTransformerBlock()\n        x", "        x")],
    "initial-weights-differ": [("        torch.manual_seed(0)\n        model = SimpleTransformerBlock()\n", "        model = SimpleTransformerBlock()\n        torch.manual_seed(0)\n")],
    "data-differs": [("        torch.manual_seed(0)\n        model", "        torch.manual_seed(0)\n        torch.manual_seed(0)\n        model"), ("        x, y = generate", "        torch.manual_seed(len(results))\n        x, y = generate")],
    "epochs-ignored": [("range(n_epochs)", "range(3)")],
    "one-epoch-too-many": [("range(n_epochs)", "range(n_epochs + 1)")],
    "counts-all-parameters": [("sum(parameter.numel() for parameter in adapters)", "sum(parameter.numel() for parameter in model.parameters())")],
    "trains-nothing": [("                optimizer.step()\n", "")],
    "trains-base-too": [("[parameter for parameter in model.parameters() if parameter.requires_grad]", "[p.requires_grad_() for p in model.parameters()]")],
    "wrong-keys": [('"+".join(targets)', '"-".join(targets)')],
    "no-final-loss": [('            "final_loss": losses[-1],\n', "")],
    "final-loss-is-the-first": [('"final_loss": losses[-1]', '"final_loss": losses[0]')],
    "diverges": [("lr=1e-3", "lr=30.0")],
}  # fmt: skip

TABLES = {"memory_calculation": MEMORY, "nf4_quantization": NF4, "selective_injection": INJECT}


def changed(exercise: str) -> dict[str, str]:
    """The reference solution of an exercise with each of its mistakes, by their names."""
    source = reference_submission("lora_theory").files[f"{exercise}.py"].decode()
    return {mistake: _with(change, source) for mistake, change in TABLES.get(exercise, {}).items()}


def _with(change: Change, text: str) -> str:
    for old, new in change:
        assert old in text, old
        text = text.replace(old, new)
    return text
