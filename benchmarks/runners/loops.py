"""The turns that the JAX peers share."""

from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from benchmarks import cases
from benchmarks.cases import Case, Weights
from benchmarks.turns import Run

Step = Callable[..., Any]


def loop(
    case: Case, step: Step, state: Any, weights_of: Callable[[Any], Weights]
) -> Run:
    """`step(state, x, y) -> (state, loss)` in a Python loop, fed from the host."""
    batches = cases.batches(case)

    def turn() -> None:
        nonlocal state
        for x, y in batches:
            state, _ = step(state, x, y)
        jax.block_until_ready(state)

    return Run(turn, lambda: weights_of(state))


def calls(case: Case, predict: Callable[[Any], Any]) -> Run:
    """`predict(x)`, its inputs and outputs on the host."""
    x = cases.data(case)[0]

    def turn() -> None:
        for _ in range(case.steps):
            np.asarray(predict(x))

    return Run(turn, lambda: np.asarray(predict(x)))
