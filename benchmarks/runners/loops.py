"""The turns that JAX's candidates share."""

from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from benchmarks import cases
from benchmarks.cases import Case, Weights
from benchmarks.turns import Run

Step = Callable[..., Any]


def loop(
    case: Case,
    step: Step,
    state: Any,
    weights_of: Callable[[Any], Weights],
    packed: Callable[[Any, Any], tuple[Any, ...]] = lambda x, y: (x, y),
) -> Run:
    """`step(state, *packed(x, y)) -> (state, told)` in a Python loop, from the host."""
    batches = [packed(x, y) for x, y in cases.batches(case)]

    def turn() -> None:
        nonlocal state
        for batch in batches:
            state, _ = step(state, *batch)
        jax.block_until_ready(state)

    return Run(turn, lambda: weights_of(state))


def again(step: Step, state: Any, *batch: Any) -> Callable[[], Any]:
    """`step(state, *batch) -> (state, told)` on one batch, its state kept: told."""

    def turn() -> Any:
        nonlocal state
        state, told = step(state, *batch)
        return told

    return turn


def calls(case: Case, predict: Callable[[Any], Any]) -> Run:
    """`predict(x)`, its inputs and outputs on the host."""
    x = cases.data(case)[0]

    def turn() -> None:
        for _ in range(case.steps):
            np.asarray(predict(x))

    return Run(turn, lambda: np.asarray(predict(x)))
