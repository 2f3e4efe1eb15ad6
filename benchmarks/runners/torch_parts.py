"""The parts of the PyTorch candidates: models, batches and the training loop."""

# pyright: reportMissingImports=false, reportAttributeAccessIssue=false

from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from typing import Any

import numpy as np
import torch
from torch import nn

from benchmarks.cases import Case, Weights
from benchmarks.turns import Run

Batches = Iterable[tuple[Any, Any]]


def model_of(case: Case, weights: Weights) -> Any:
    """`nn.Sequential` with these weights, which `nn.Linear` holds transposed."""
    act = nn.Tanh if case.activation == "tanh" else nn.ReLU
    layers = []
    for w, b in weights:
        linear = nn.Linear(*w.shape)
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(w.T))
            linear.bias.copy_(torch.from_numpy(b))
        layers += [linear, act()]
    return nn.Sequential(*layers[:-1])


def weights_of(model: Any) -> Weights:
    """The way back."""
    return [
        (layer.weight.detach().numpy().T.copy(), layer.bias.detach().numpy().copy())
        for layer in model
        if isinstance(layer, nn.Linear)
    ]


def tensors(x: np.ndarray, y: np.ndarray) -> tuple[Any, Any]:
    """Both as tensors; labels have 64 bits, as `nn.CrossEntropyLoss` wants them."""
    y = y.astype(np.int64) if y.ndim == 1 else y
    return torch.from_numpy(x), torch.from_numpy(y)


def learner(
    case: Case, model: Any, rate: float, *, compiled=False, autocast=False, **form: Any
) -> Callable[[Batches], None]:
    """The tutorials' training loop over given batches; `form` is the optimizer's."""
    loss = nn.CrossEntropyLoss() if case.labels else nn.MSELoss()
    kind = torch.optim.SGD if case.optimizer == "sgd" else torch.optim.Adam
    optimizer = kind(model.parameters(), lr=rate, **form)
    # `model.compile()` was seen to capture no graph; a break in the graph raises here.
    run = torch.compile(model, fullgraph=True) if compiled else model
    precision = torch.autocast("cpu", torch.bfloat16) if autocast else nullcontext()

    def learn(batches: Batches) -> None:
        for x, y in batches:
            optimizer.zero_grad()
            with precision:
                value = loss(run(x), y)
            value.backward()
            optimizer.step()

    return learn


def shuffled(case: Case, x: Any, y: Any) -> Iterator[tuple[Any, Any]]:
    """An epoch's whole batches, by rows of a permutation."""
    for part in whole(torch.randperm(len(x)), case):
        yield x[part], y[part]


def whole(order: Any, case: Case) -> Any:
    """Whole batches of a permutation, by its last axis."""
    size = case.batch_size
    return order.split(size, dim=-1)[: order.shape[-1] // size]


def alone(make: Callable[[Case], Run]) -> Callable[[Case], Run]:
    """The same candidate on one thread, which suits small products better."""

    def made(case: Case) -> Run:
        torch.set_num_threads(1)
        return make(case)

    return made
