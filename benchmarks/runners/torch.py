"""PyTorch, as its tutorials write the training loop, and its faster documented forms.

An interpreter of its own runs this one, without fnn and JAX.
"""

# pyright: reportMissingImports=false, reportAttributeAccessIssue=false

from functools import partial
from typing import Any

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from benchmarks import cases
from benchmarks.cases import Case
from benchmarks.runners.processes import in_processes, in_turn
from benchmarks.runners.torch_networks import together, trained
from benchmarks.runners.torch_parts import (
    alone,
    learner,
    model_of,
    shuffled,
    tensors,
    weights_of,
)
from benchmarks.turns import Candidates, Run, serve


def steps(case: Case, **options: Any) -> Run:
    """The loop over tensors that lie ready."""
    model = model_of(case, cases.weights(case))
    learn = learner(case, model, case.rate, **options)
    batches = [tensors(x, y) for x, y in cases.batches(case)]
    return Run(lambda: learn(batches), lambda: weights_of(model))


def epochs(case: Case, feed: str, **options: Any) -> Run:
    """The loop over shuffled epochs: from a `DataLoader`, or by hand."""
    model = model_of(case, cases.weights(case))
    learn = learner(case, model, case.rate, **options)
    x, y = tensors(*cases.data(case))
    held, size = TensorDataset(x, y), case.batch_size
    epoch = {
        "loader": lambda: DataLoader(held, size, shuffle=True, drop_last=True),
        "randperm": lambda: shuffled(case, x, y),
    }[feed]

    def turn() -> None:
        for _ in range(case.steps // (len(x) // size)):
            learn(epoch())

    return Run(turn, lambda: weights_of(model))


def adam(case: Case, **form: Any) -> Run:
    """The optimizer alone, in one of its forms."""
    params = []
    for leaf, gradient in zip(*cases.leaves(), strict=True):
        params.append(nn.Parameter(torch.tensor(leaf)))
        params[-1].grad = torch.from_numpy(gradient)
    optimizer = torch.optim.Adam(params, lr=case.rate, **form)

    def turn() -> None:
        for _ in range(case.steps):
            optimizer.step()

    return Run(turn, lambda: [leaf.detach().numpy() for leaf in params])


def forward(case: Case) -> Run:
    """The network's outputs under `inference_mode`."""
    model = model_of(case, cases.weights(case)).eval()
    x = torch.from_numpy(cases.data(case)[0])

    @torch.inference_mode()
    def turn(calls: int = case.steps) -> Any:
        out = None
        for _ in range(calls):
            out = model(x)
        return out

    return Run(turn, lambda: turn(1).numpy())


_FUSED = partial(steps, fused=True)
_STEPS = {"eager, fused Adam": _FUSED}
_COMPILED = {"torch.compile": partial(_FUSED, compiled=True)}
_ALONE = {"eager, fused Adam, one thread": alone(_FUSED)}
_FIT = {
    "DataLoader": partial(epochs, feed="loader"),
    "randperm, fused Adam, one thread": alone(
        partial(epochs, feed="randperm", fused=True)
    ),
}
_DEEP = {"eager, fused SGD, one thread": alone(_FUSED)}
CANDIDATES: Candidates = {
    "C1": _STEPS | _ALONE | {"eager": steps},
    "C1 fit": _FIT | _ALONE,
    "C2": _STEPS | _COMPILED,
    "C3": _STEPS,
    "C3 bfloat16": {"autocast, fused Adam": partial(_FUSED, autocast=True)},
    "C4 150": _DEEP,
    "C4 1000": _DEEP,
    "C5": {
        "loop": lambda case: in_turn(trained),
        "loop, two processes": lambda case: in_processes(trained),
        "torch.func.vmap": together,
    },
    "C6": {"fused": partial(adam, fused=True), "foreach": partial(adam, foreach=True)},
    "C7 1": {"eager": forward, "eager, one thread": alone(forward)},
    "C7 4096": {"eager": forward},
    "C8": _STEPS,
}

if __name__ == "__main__":
    torch.manual_seed(0)
    serve(CANDIDATES)
