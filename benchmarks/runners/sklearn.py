"""scikit-learn's multi-layer perceptrons."""

import warnings
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import sklearn
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, MLPRegressor

from benchmarks import cases
from benchmarks.cases import Case, Weights
from benchmarks.runners.processes import in_processes, in_turn
from benchmarks.turns import Candidates, Run, serve

SWEEP = cases.CASES["C5"]


def model_of(case: Case, weights: Weights, rate: float, **options: Any) -> Any:
    """A classifier with these weights and an optimizer that has seen nothing."""
    options |= {"batch_size": case.batch_size, "learning_rate_init": rate}
    model = MLPClassifier(
        hidden_layer_sizes=case.sizes[1:-1], alpha=0.0, random_state=0, **options
    )
    # Its arrays are made by the first step, which is then undone.
    labels = np.arange(case.sizes[-1])
    x = np.zeros((len(labels), case.sizes[0]), np.float32)
    model.set_params(batch_size=len(labels)).partial_fit(x, labels, classes=labels)
    del model._optimizer
    return filled(model.set_params(batch_size=case.batch_size), weights)


def filled(model: Any, weights: Weights) -> Any:
    """The same model with these weights."""
    for (w, b), coefs, intercepts in zip(
        weights, model.coefs_, model.intercepts_, strict=True
    ):
        coefs[:], intercepts[:] = w, b
    return model


def weights_of(model: Any) -> Weights:
    """The way back."""
    pairs = zip(model.coefs_, model.intercepts_, strict=True)
    return [(w.copy(), b.copy()) for w, b in pairs]


def steps(case: Case) -> Run:
    """`partial_fit` of a batch, which is a step."""
    model = model_of(case, cases.weights(case), case.rate, shuffle=False)
    batches = cases.batches(case)

    def turn() -> None:
        for x, y in batches:
            model.partial_fit(x, y)

    return Run(turn, lambda: weights_of(model))


def passes(case: Case) -> Run:
    """`partial_fit` of all batches, which it takes in order: a step for each."""
    model = model_of(case, cases.weights(case), case.rate, shuffle=False)
    x, y = map(np.concatenate, zip(*cases.batches(case), strict=True))
    return Run(lambda: model.partial_fit(x, y), lambda: weights_of(model))


def whole(case: Case, epochs: int, weights: Weights, rate: float) -> Any:
    """A model whose `fit` does so many epochs, from the weights that it has."""
    return model_of(
        case,
        weights,
        rate,
        max_iter=epochs,
        tol=0.0,
        n_iter_no_change=10**6,
        warm_start=True,
    )


def epochs(case: Case) -> Run:
    """`fit`, with its own shuffle."""
    x, y = _rows(case)
    count = case.steps * case.batch_size // len(x)
    model = whole(case, count, cases.weights(case), case.rate)
    return Run(lambda: model.fit(x, y), lambda: weights_of(model))


@cache
def _network(seed: int) -> Any:
    rate = float(cases.rates()[seed])
    return whole(SWEEP, cases.EPOCHS, cases.weights(SWEEP, seed), rate)


def trained(seed: int) -> Weights:
    """One network of the sweep."""
    warnings.simplefilter("ignore", ConvergenceWarning)
    model = filled(_network(seed), cases.weights(SWEEP, seed))
    return weights_of(model.fit(*_rows(SWEEP)))


def forward(case: Case) -> Run:
    """The outputs as they are, which only the regressor gives."""
    weights, x = cases.weights(case), cases.data(case)[0]
    model = MLPRegressor(hidden_layer_sizes=case.sizes[1:-1], random_state=0)
    filled(model.partial_fit(x[:1], np.zeros((1, case.sizes[-1]), np.float32)), weights)

    def turn() -> None:
        for _ in range(case.steps):
            model.predict(x)

    return Run(turn, lambda: model.predict(x))


def unchecked(make: Callable[[Case], Run]) -> Callable[[Case], Run]:
    """The same candidate without the search for NaN in its inputs."""

    def made(case: Case) -> Run:
        sklearn.set_config(assume_finite=True)
        return make(case)

    return made


def _rows(case: Case) -> tuple[np.ndarray, np.ndarray]:
    """The rows that fill batches; `fit` alone would take a short one too."""
    x, y = cases.data(case)
    count = len(x) // case.batch_size * case.batch_size
    return x[:count], y[:count]


_STEPS = {"partial_fit": steps, "partial_fit of an epoch, unchecked": unchecked(passes)}
_FORWARD = {"predict, unchecked": unchecked(forward)}
CANDIDATES: Candidates = {
    "C1": _STEPS,
    "C1 fit": {"partial_fit": steps, "fit": epochs},
    "C2": {"partial_fit of an epoch, unchecked": unchecked(passes)},
    "C5": {
        "loop": lambda case: in_turn(trained),
        "loop, two processes": lambda case: in_processes(trained),
    },
    "C7 1": _FORWARD | {"predict": forward},
    "C7 4096": _FORWARD,
    "C8": {"partial_fit": steps},
}

if __name__ == "__main__":
    warnings.simplefilter("ignore", ConvergenceWarning)
    serve(CANDIDATES)
