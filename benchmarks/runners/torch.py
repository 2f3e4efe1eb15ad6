"""PyTorch, as its tutorials write the training loop, and its faster documented forms.

An interpreter of its own runs this one, without fnn and JAX.
"""

# pyright: reportMissingImports=false, reportAttributeAccessIssue=false

from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.func import functional_call, grad, stack_module_state, vmap
from torch.utils.data import BatchSampler, DataLoader, RandomSampler, TensorDataset

from benchmarks import cases
from benchmarks.cases import Case, Weights
from benchmarks.turns import Candidates, Run, serve

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


def steps(case: Case, **options: Any) -> Run:
    """The loop over tensors that lie ready."""
    model = model_of(case, cases.weights(case))
    learn = learner(case, model, case.rate, **options)
    batches = [tensors(x, y) for x, y in cases.batches(case)]
    return Run(lambda: learn(batches), lambda: weights_of(model))


def epochs(case: Case, *, bulk: bool = False, **options: Any) -> Run:
    """The loop over a shuffling `DataLoader`; `bulk` takes a batch by one index."""
    model = model_of(case, cases.weights(case))
    learn = learner(case, model, case.rate, **options)
    held = TensorDataset(*tensors(*cases.data(case)))
    size = case.batch_size
    if bulk:
        rows = BatchSampler(RandomSampler(held), size, drop_last=True)
        loader = DataLoader(held, sampler=rows, batch_size=None)
    else:
        loader = DataLoader(held, size, shuffle=True, drop_last=True)

    def turn() -> None:
        for _ in range(case.steps // (len(held) // size)):
            learn(loader)

    return Run(turn, lambda: weights_of(model))


def loop(case: Case) -> Run:
    """The first two networks of the sweep, one after the other."""
    x, y = tensors(*cases.data(case))
    models: dict[int, Any] = {}

    def shuffled() -> Iterator[tuple[Any, Any]]:
        for part in _whole(torch.randperm(len(x)), case):
            yield x[part], y[part]

    def turn() -> None:
        for seed, rate in enumerate(cases.rates()[:2]):
            models[seed] = model_of(case, cases.weights(case, seed))
            learn = learner(case, models[seed], float(rate), fused=True)
            for _ in range(cases.EPOCHS):
                learn(shuffled())

    return Run(turn, lambda: [*map(weights_of, models.values())], 2 / cases.NETWORKS)


def together(case: Case) -> Run:
    """All networks by `torch.func`; no optimizer of torch's takes a rate for each."""
    x, y = tensors(*cases.data(case))
    models = [
        model_of(case, cases.weights(case, seed)) for seed in range(cases.NETWORKS)
    ]
    rates = torch.from_numpy(cases.rates())
    start, _ = stack_module_state(models)
    skeleton = model_of(case, cases.weights(case)).to("meta")
    params: dict[str, Any] = {}

    def loss(params: Any, x: Any, y: Any) -> Any:
        return nn.functional.cross_entropy(functional_call(skeleton, params, (x,)), y)

    gradient = vmap(grad(loss))

    def turn() -> None:
        params.update({name: leaf.detach().clone() for name, leaf in start.items()})
        moments = {name: torch.zeros(2, *leaf.shape) for name, leaf in params.items()}
        count = 0
        for _ in range(cases.EPOCHS):
            orders = torch.rand(cases.NETWORKS, len(x)).argsort(dim=1)
            for part in _whole(orders, case):
                count += 1
                found = gradient(params, x[part], y[part])
                for name, leaf in params.items():
                    _adam(leaf, moments[name], found[name], rates, count)

    def result() -> list[Weights]:
        for run, model in enumerate(models[:2]):
            model.load_state_dict({name: leaf[run] for name, leaf in params.items()})
        return [weights_of(model) for model in models[:2]]

    return Run(turn, result)


def adam(case: Case, **form: Any) -> Run:
    """The optimizer alone, in one of its forms."""
    params = []
    for leaf, gradient in zip(*cases.leaves(), strict=True):
        params.append(nn.Parameter(torch.from_numpy(leaf)))
        params[-1].grad = torch.from_numpy(gradient)
    optimizer = torch.optim.Adam(params, lr=case.rate, **form)

    def turn() -> None:
        for _ in range(case.steps):
            optimizer.step()

    return Run(turn, lambda: [leaf.detach().numpy() for leaf in params])


def forward(case: Case, *, compiled: bool = False) -> Run:
    """The network's outputs under `inference_mode`."""
    model = model_of(case, cases.weights(case)).eval()
    run = torch.compile(model, fullgraph=True) if compiled else model
    x = torch.from_numpy(cases.data(case)[0])

    @torch.inference_mode()
    def turn(calls: int = case.steps) -> Any:
        out = None
        for _ in range(calls):
            out = run(x)
        return out

    return Run(turn, lambda: turn(1).numpy())


def alone(make: Callable[[Case], Run]) -> Callable[[Case], Run]:
    """The same candidate on one thread, which suits small products better."""

    def made(case: Case) -> Run:
        torch.set_num_threads(1)
        return make(case)

    return made


def _whole(order: Any, case: Case) -> Any:
    """Whole batches of a permutation, by its last axis."""
    size = case.batch_size
    return order.split(size, dim=-1)[: order.shape[-1] // size]


def _adam(leaf: Any, moments: Any, g: Any, rates: Any, count: int) -> None:
    """Adam in place over stacked parameters, with a rate for each network."""
    mean, square = moments
    mean.lerp_(g, 1 - 0.9)
    square.mul_(0.999).addcmul_(g, g, value=1 - 0.999)
    root = square.sqrt().div_((1 - 0.999**count) ** 0.5).add_(1e-8)
    rates = rates.view(-1, *[1] * (leaf.ndim - 1))
    leaf.addcmul_(mean / root, rates, value=-1 / (1 - 0.9**count))


_FUSED = partial(steps, fused=True)
_STEPS = {
    "eager": steps,
    "eager, fused Adam": _FUSED,
    "torch.compile": partial(_FUSED, compiled=True),
}
_FIT = {
    "DataLoader": epochs,
    "DataLoader by batches, fused Adam": partial(epochs, bulk=True, fused=True),
}
_DEEP = {
    "eager": steps,
    "eager, fused SGD": _FUSED,
    "eager, fused SGD, one thread": alone(_FUSED),
}
_FORWARD = {"eager": forward, "torch.compile": partial(forward, compiled=True)}
CANDIDATES: Candidates = {
    "C1": _STEPS | {"eager, fused Adam, one thread": alone(_FUSED)},
    "C1 fit": _FIT,
    "C2": _STEPS,
    "C3": _STEPS,
    "C3 bfloat16": {"autocast, fused Adam": partial(_FUSED, autocast=True)},
    "C4 150": _DEEP,
    "C4 1000": _DEEP,
    "C5": {"loop": alone(loop), "torch.func.vmap": together},
    "C6": {"fused": partial(adam, fused=True), "foreach": partial(adam, foreach=True)},
    "C7 1": _FORWARD | {"eager, one thread": alone(forward)},
    "C7 4096": _FORWARD,
    "C8": {"eager": steps, "eager, fused Adam": _FUSED},
}

if __name__ == "__main__":
    torch.manual_seed(0)
    serve(CANDIDATES)
