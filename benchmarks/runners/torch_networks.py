"""Many networks in PyTorch: one after another, in two processes, or as one."""

# pyright: reportMissingImports=false, reportAttributeAccessIssue=false

from typing import Any

import torch
from torch import nn
from torch.func import functional_call, grad, stack_module_state, vmap

from benchmarks import cases
from benchmarks.cases import Case, Weights
from benchmarks.runners.torch_parts import (
    learner,
    model_of,
    shuffled,
    tensors,
    weights_of,
    whole,
)
from benchmarks.turns import Run

_CASE = cases.CASES["C5"]


def trained(seed: int) -> Weights:
    """One network of the sweep, on one thread, which suits small products better."""
    torch.set_num_threads(1)
    x, y = tensors(*cases.data(_CASE))
    model = model_of(_CASE, cases.weights(_CASE, seed))
    learn = learner(_CASE, model, float(cases.rates()[seed]), fused=True)
    for _ in range(cases.EPOCHS):
        learn(shuffled(_CASE, x, y))
    return weights_of(model)


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
            for part in whole(orders, case):
                count += 1
                found = gradient(params, x[part], y[part])
                for name, leaf in params.items():
                    _adam(leaf, moments[name], found[name], rates, count)

    def result() -> list[Weights]:
        for run, model in enumerate(models[:2]):
            model.load_state_dict({name: leaf[run] for name, leaf in params.items()})
        return [weights_of(model) for model in models[:2]]

    return Run(turn, result)


def _adam(leaf: Any, moments: Any, g: Any, rates: Any, count: int) -> None:
    """Adam in place over stacked parameters, with a rate for each network."""
    mean, square = moments
    mean.lerp_(g, 1 - 0.9)
    square.mul_(0.999).addcmul_(g, g, value=1 - 0.999)
    root = square.sqrt().div_((1 - 0.999**count) ** 0.5).add_(1e-8)
    rates = rates.view(-1, *[1] * (leaf.ndim - 1))
    leaf.addcmul_(mean / root, rates, value=-1 / (1 - 0.9**count))
