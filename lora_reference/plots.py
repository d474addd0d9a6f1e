"""Pictures of training, spectra, ranks, memory and NF4. Each function returns a Figure; nothing is shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, PercentFormatter
from torch import Tensor

from lora_reference.memory import calculate_memory_requirements
from lora_reference.nf4 import NF4_LEVELS, dequantize_nf4, quantize_nf4
from lora_reference.planted import RankResult
from lora_reference.svd import reconstruction_errors
from lora_reference.training import TrainingHistory

__all__ = [
    "magnitude_and_direction",
    "memory_by_model_size",
    "nf4_levels",
    "rank_sweep",
    "real_updates",
    "spectrum",
    "target_comparison",
    "training_dynamics",
]

# Okabe and Ito's palette, which colour-blind readers tell apart; markers and labels say the same again.
BLUE, ORANGE, GREEN, PINK, SKY, RED, GREY = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#CC79A7",
    "#56B4E9",
    "#D55E00",
    "#6E6E6E",
)
COLOURS = (BLUE, ORANGE, GREEN, PINK, SKY, RED)
MARKERS = ("o", "s", "^", "D", "v", "P")


def figure(rows: int, columns: int, width: float = 5.2, height: float = 3.6) -> tuple[Figure, list[Axes]]:
    """A figure with plain axes: no box, light grid, text of one size."""
    made = Figure(figsize=(columns * width, rows * height), layout="constrained")
    axes = [made.add_subplot(rows, columns, place + 1) for place in range(rows * columns)]
    for ax in axes:
        ax.spines[["top", "right"]].set_visible(False)
        ax.grid(alpha=0.25, linewidth=0.6)
        ax.set_axisbelow(True)
    return made, axes


def titled(ax: Axes, title: str, x: str, y: str) -> None:
    ax.set_title(title, loc="left", fontsize=11, fontweight="bold")
    ax.set_xlabel(x)
    ax.set_ylabel(y)


def at_end(ax: Axes, x: Sequence[float], y: Sequence[float], text: str, colour: str) -> None:
    """A line's name at its end, in its colour."""
    ax.annotate(
        text, (x[-1], y[-1]), (6, 0), textcoords="offset points", color=colour, va="center", fontsize=9
    )


def training_dynamics(history: TrainingHistory) -> Figure:
    """The lab's four panels: the loss, and the norms of A, of B and of the update with its scaling."""
    made, (loss, *norms) = figure(2, 2)
    steps = range(1, len(history.losses) + 1)
    loss.plot(steps, history.losses, color=BLUE, marker="o", markersize=3, label="training, while it trains")
    if history.held_out_losses:
        loss.plot(
            range(len(history.held_out_losses)),
            history.held_out_losses,
            color=ORANGE,
            linestyle="--",
            label="held out",
        )
    loss.legend(frameon=False)
    titled(loss, "The loss falls", "epoch", "loss")
    panels = (
        ("norm_A", "A is there from the start", "||A||"),
        ("norm_B", "B grows from zero", "||B||"),
        ("norm_update", "and so does the update", "||s B A||"),
    )
    for ax, (attribute, title, label) in zip(norms, panels, strict=True):
        for number, (name, layer) in enumerate(history.layers.items()):
            values = getattr(layer, attribute)
            colour = COLOURS[number % len(COLOURS)]
            ax.plot(
                range(len(values)),
                values,
                color=colour,
                marker=MARKERS[number % 6],
                markersize=3,
                markevery=0.2,
            )
            at_end(ax, [len(values) - 1], values[-1:], name, colour)
        ax.set_ylim(bottom=0)
        ax.margins(x=0.02)
        titled(ax, title, "epoch", label)
    return made


def spectrum(matrices: Mapping[str, Tensor], ranks: Sequence[int] | None = None) -> Figure:
    """Singular values of each matrix as shares of its largest, and what the best approximation of each rank lacks."""
    made, (values, errors) = figure(1, 2)
    for number, (name, matrix) in enumerate(matrices.items()):
        colour, marker = COLOURS[number % 6], MARKERS[number % 6]
        s = torch.linalg.svdvals(matrix.double())
        places = np.arange(1, len(s) + 1)
        values.plot(places, s / s[0], color=colour, marker=marker, markersize=3, markevery=0.1, label=name)
        wanted = (
            list(ranks)
            if ranks is not None
            else sorted({1, *np.geomspace(1, len(s), 24).astype(int).tolist()})
        )
        lacking = reconstruction_errors(matrix, wanted)
        errors.plot(
            list(lacking), list(lacking.values()), color=colour, marker=marker, markersize=3, label=name
        )
    for ax in (values, errors):
        ax.set_xscale("log", base=2)
        ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
    values.set_yscale("log")
    values.set_ylim(bottom=1e-4)
    errors.set_ylim(0, 1.02)
    errors.yaxis.set_major_formatter(PercentFormatter(1))
    values.legend(frameon=False)
    titled(values, "How fast singular values fall", "i", "$s_i / s_1$")
    titled(errors, "What rank r cannot hold", "r", "$||M - M_r||\\ /\\ ||M||$")
    return made


def rank_sweep(results: Sequence[RankResult], planted: int | None = None) -> Figure:
    """Held-out loss and error of the learnt weights by rank, beside the best that a rank can do."""
    made, (loss, weight) = figure(1, 2)
    ranks = [result.rank for result in results]
    floor = 1e-9  # where nothing is left, a log scale needs something
    loss.plot(
        ranks, [max(r.held_out_loss, floor) for r in results], color=BLUE, marker="o", label="LoRA, trained"
    )
    loss.plot(
        ranks, [max(r.bound_loss, floor) for r in results], color=GREY, marker="s", linestyle="--",
        label="the planted update, cut to rank r",
    )  # fmt: skip
    loss.set_yscale("log")
    weight.plot(ranks, [r.weight_error for r in results], color=BLUE, marker="o", label="LoRA, trained")
    bound = [r.weight_bound for r in results]
    weight.plot(ranks, bound, color=GREY, marker="s", linestyle="--", label="Eckart and Young's bound")
    weight.fill_between(ranks, 0, bound, color=GREY, alpha=0.12, linewidth=0)
    weight.set_ylim(0, 1)
    weight.yaxis.set_major_formatter(PercentFormatter(1))
    titled(loss, "The loss has its elbow at the planted rank", "rank", "held-out loss")
    titled(weight, "No adapter of rank r gets below the bound", "rank", "share of the update that is missed")
    for ax in (loss, weight):
        ax.set_xscale("log", base=2)
        ax.set_xticks(ranks, [str(rank) for rank in ranks])
        ax.minorticks_off()
        if planted:
            ax.axvline(planted, color=RED, linewidth=1, linestyle=":")
            ax.annotate(f"planted: {planted}", (planted, 0.97), xycoords=("data", "axes fraction"), color=RED, ha="left",
                        va="top", xytext=(4, 0), textcoords="offset points", fontsize=9)  # fmt: skip
        ax.legend(frameon=False, loc="center right")
    return made


def target_comparison(results: Mapping[str, Mapping[str, Any]]) -> Figure:
    """Losses by epoch of each choice of targets, and what the last one costs in parameters."""
    made, (curves, price) = figure(1, 2)
    for number, (name, entry) in enumerate(results.items()):
        colour, marker = COLOURS[number % 6], MARKERS[number % 6]
        losses = entry["losses"]
        curves.plot(
            range(1, len(losses) + 1), losses, color=colour, marker=marker, markersize=3, markevery=0.1
        )
        short = name.replace("_proj", "")
        price.scatter(entry["trainable_params"], entry["final_loss"], color=colour, marker=marker, s=50)
        price.annotate(
            short, (entry["trainable_params"], entry["final_loss"]), (0, 8), textcoords="offset points",
            color=colour, ha="center", fontsize=9,
        )  # fmt: skip
    curves.set_ylim(bottom=0)
    price.set_ylim(0, 1.2 * max(entry["final_loss"] for entry in results.values()))
    price.margins(x=0.2)
    price.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x / 1000:g}k"))
    titled(curves, "Where adapters sit decides how far the loss falls", "epoch", "training loss")
    titled(price, "and what it costs", "trainable parameters", "final loss")
    return made


def memory_by_model_size(
    sizes: Sequence[float] = (1, 3, 7, 13, 34, 70),
    lora_rank: int = 16,
    available: Mapping[str, float] | None = None,
) -> Figure:
    """GB of full fine-tuning and of LoRA by model size, in bfloat16, and LoRA on a 4-bit base."""
    made, (ax,) = figure(1, 1, 7.5, 4.2)
    kinds = (
        ("full fine-tuning, bfloat16", "bfloat16", "full_ft_total", RED, "o"),
        ("LoRA, bfloat16", "bfloat16", "lora_total", BLUE, "s"),
        ("LoRA on int4 (QLoRA)", "int4", "lora_total", GREEN, "^"),
    )
    for name, precision, key, colour, marker in kinds:
        totals = [calculate_memory_requirements(size, lora_rank, precision=precision)[key] for size in sizes]
        ax.plot(sizes, totals, color=colour, marker=marker)
        at_end(ax, sizes, totals, name, colour)
    for name, gigabytes in (available or {"24 GB card": 24, "80 GB card": 80}).items():
        ax.axhline(gigabytes, color=GREY, linewidth=0.8, linestyle=":")
        ax.annotate(name, (sizes[0], gigabytes), (0, 3), textcoords="offset points", color=GREY, fontsize=9)
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.yaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
    ax.set_xticks(list(sizes), [f"{size:g}B" for size in sizes])
    ax.minorticks_off()
    ax.set_xlim(right=sizes[-1] * 6)
    titled(ax, "Weights, gradients and optimizer; activations come on top", "parameters of the model", "GB")
    return made


def nf4_levels(tensor: Tensor, block_size: int = 64) -> Figure:
    """The 16 levels over the values they stand for, and the errors that quantizing this tensor leaves."""
    codes, scales = quantize_nf4(tensor, block_size)
    whole = tensor.numel() // block_size * block_size
    x = tensor.reshape(-1)[:whole].view(-1, block_size)
    y = (x / scales[: len(x), None].clamp_min(1e-38)).flatten()
    made, (levels, errors) = figure(1, 2)
    levels.hist(y.numpy(), bins=120, density=True, color=SKY, alpha=0.7)
    for level in NF4_LEVELS.tolist():
        levels.axvline(level, color=BLUE, linewidth=0.9)
    titled(levels, "Levels lie close where values are many", "value / scale of its block", "density")
    missed = (dequantize_nf4(codes, scales, block_size) - tensor).reshape(-1)[:whole].view(-1, block_size)
    errors.hist(
        (missed / scales[: len(x), None].clamp_min(1e-38)).flatten().numpy(),
        bins=120,
        density=True,
        color=ORANGE,
    )
    relative = float(missed.norm() / x.norm())
    titled(
        errors, f"The error is {relative:.1%} of the tensor's norm", "error / scale of its block", "density"
    )
    return made


def magnitude_and_direction(pretrained: Tensor, tuned: Mapping[str, Tensor]) -> Figure:
    """How far fine-tuning moved each output row: its length against its direction (DoRA, arXiv 2402.09353, section 3.2)."""
    made, (ax,) = figure(1, 1, 6.2, 4.4)
    lengths = pretrained.norm(dim=1)  # (out,)
    for number, (name, W) in enumerate(tuned.items()):
        turned = 1 - torch.nn.functional.cosine_similarity(W, pretrained, dim=1)  # (out,)
        ax.scatter(
            turned.numpy(), ((W.norm(dim=1) - lengths).abs() / lengths).numpy(), s=16, alpha=0.7, label=name,
            color=COLOURS[number % 6], marker=MARKERS[number % 6],
        )  # fmt: skip
    ax.yaxis.set_major_formatter(PercentFormatter(1))
    ax.set_xlim(left=0)
    ax.set_ylim(bottom=0)
    ax.legend(frameon=False)
    titled(
        ax,
        "How far each row turned, and how much its length changed",
        "1 - cosine with the old row",
        "change of length",
    )
    return made


def real_updates(results: Sequence[Mapping[str, Any]]) -> Figure:
    """Real fine-tuning by method: accuracy (with its standard error) against trained parameters, and what each rank misses of the updates.

    `results` are those of `lora_reference.minilm`; a line is the mean over layers, its band goes from the least to
    the most, and the grey one is a random matrix of the same shape and norm.
    """
    made, (price, errors) = figure(1, 2)
    for number, entry in enumerate(results):
        colour, marker = COLOURS[number % 6], MARKERS[number % 6]
        p, size = entry["accuracy"], entry["trainable_params"]
        error = (p * (1 - p) / entry["held_out_sentences"]) ** 0.5
        price.errorbar(size, p, error, color=colour, marker=marker, markersize=7, elinewidth=1, capsize=2)
        side, where = ("right", -7) if number % 4 == 1 else ("left", 7)
        price.annotate(
            entry["method"],
            (size, p),
            (where, 3),
            textcoords="offset points",
            ha=side,
            color=colour,
            fontsize=9,
        )
        if entry["updates"]:
            shares = error_table(entry["updates"], "errors")  # (layers, ranks)
            ranks = [int(rank) for rank in entry["updates"][0]["errors"]]
            errors.plot(
                ranks, shares.mean(0), color=colour, marker=marker, markersize=4, label=entry["method"]
            )
            if entry["method"] == "full":
                errors.fill_between(
                    ranks, shares.min(0), shares.max(0), color=colour, alpha=0.15, linewidth=0
                )
                noise = error_table(entry["updates"], "random_errors").mean(0)
                errors.plot(ranks, noise, color=GREY, linestyle="--", label="random matrix")
    price.set_xscale("log")
    price.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    price.margins(x=0.15, y=0.2)
    errors.set_xscale("log", base=2)
    errors.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
    errors.yaxis.set_major_formatter(PercentFormatter(1))
    errors.set_ylim(0, 1)
    errors.legend(frameon=False)
    titled(price, "What accuracy costs", "trained parameters", "held-out accuracy")
    titled(errors, "What the best approximation of each rank misses", "rank", "share of the update")
    return made


def error_table(updates: Sequence[Mapping[str, Any]], key: str) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Shares by layer and rank."""
    return np.array([list(update[key].values()) for update in updates])
