"""Uses once what exercises use, so that a forked worker finds it imported and initialised.

All of it runs before any fork, in one thread: torch's thread pool would not survive the fork, and the first
parallel operation in the child would wait for it for ever.
"""

import contextlib
import copy
import dataclasses  # noqa: F401  (imported to be there)
import functools  # noqa: F401
import io
import itertools  # noqa: F401
import linecache
import random  # noqa: F401
import traceback  # noqa: F401
import typing
import unittest.mock  # noqa: F401
import warnings

import numpy as np
import torch
import torch.nn.functional as F
import torch.nn.utils.parametrizations
import torch.nn.utils.parametrize
import torch.utils.data
from torch import nn


def warm_up(cuda: bool) -> None:
    """Forward, backward, optimizers, loaders, copies, a scripted function: the slow first times.

    Where workers use CUDA nothing is trained: the first backward pass and an optimizer's step wake the GPU's
    driver, which then cannot be used in a forked process.
    """
    torch.set_num_threads(1)
    with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")
        _train(backward=not cuda)
        _tensors()
        _script()
    torch.manual_seed(0)


def _train(backward: bool) -> None:
    model = nn.Sequential(nn.Linear(4, 4), nn.LayerNorm(4), nn.GELU(), nn.Dropout(0.1), nn.Linear(4, 4))
    data = torch.utils.data.TensorDataset(torch.randn(8, 4), torch.randn(8, 4))
    for optimizer in (torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW):
        stepping = optimizer(model.parameters(), lr=0.01)
        for x, y in torch.utils.data.DataLoader(data, batch_size=4, shuffle=True):
            loss = F.mse_loss(model(x), y)
            if backward:
                stepping.zero_grad()
                loss.backward()
                stepping.step()
    torch.optim.lr_scheduler.StepLR(stepping, 1)
    copied = copy.deepcopy(model)
    copied.load_state_dict(model.state_dict())
    copied.double().to("meta")
    torch.save(model.state_dict(), io.BytesIO())
    torch.nn.utils.parametrizations.weight_norm(nn.Linear(2, 2))
    nn.init.kaiming_uniform_(torch.empty(2, 2), a=5**0.5)
    attention = nn.TransformerEncoderLayer(8, 2, dim_feedforward=8, batch_first=True)
    y = attention(torch.randn(1, 2, 8)).sum()
    if backward:
        y.backward()


def _tensors() -> None:
    for dtype in (torch.float32, torch.float64):
        a = torch.randn(4, 4, dtype=dtype)
        torch.einsum("ij,jk->ik", a, a).softmax(-1).abs().max().item()
        torch.bucketize(a, a.flatten().sort().values).to(torch.uint8)
        (a.unsqueeze(-1) - a.flatten()).abs().argmin(-1)
        repr(a), a.numpy().tobytes(), torch.from_numpy(np.ones(3)).sum(), a.float().half().bfloat16()
    np.random.default_rng(0).normal(size=(2, 2)) @ np.eye(2)
    np.random.seed(0)


def _script() -> None:
    source = "def twice(x):\n    return x + x\n"
    linecache.cache["<warm>"] = (len(source), None, source.splitlines(True), "<warm>")
    names: dict[str, typing.Any] = {"__name__": "warm"}
    exec(compile(source, "<warm>", "exec"), names)
    torch.jit.script(names["twice"])(torch.ones(2))
    del linecache.cache["<warm>"]
