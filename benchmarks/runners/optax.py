"""Optax alone, and what the peers that train with it share."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from benchmarks import cases
from benchmarks.cases import Case
from benchmarks.turns import Candidates, Run, serve


def optimizer_of(case: Case) -> optax.GradientTransformation:
    """That of the case."""
    return (optax.sgd if case.optimizer == "sgd" else optax.adam)(case.rate)


def loss_of(case: Case, outputs: Any, y: Any) -> Any:
    """The mean loss of a batch."""
    if case.labels:
        losses = optax.softmax_cross_entropy_with_integer_labels(outputs, y)
    else:
        losses = optax.squared_error(outputs, y)
    return losses.mean()


def adam(case: Case, donate: tuple[int, ...] = (1, 2)) -> Run:
    """The optimizer alone."""
    params, gradients = jax.tree.map(jnp.array, cases.leaves())
    optimizer = optax.adam(case.rate)
    state = optimizer.init(params)

    @partial(jax.jit, donate_argnums=donate)
    def update(gradients: Any, state: Any, params: Any) -> Any:
        updates, state = optimizer.update(gradients, state, params)
        return state, optax.apply_updates(params, updates)

    def turn() -> None:
        nonlocal state, params
        for _ in range(case.steps):
            state, params = update(gradients, state, params)
        jax.block_until_ready(params)

    return Run(turn, lambda: jax.tree.map(np.asarray, params))


CANDIDATES: Candidates = {
    "C6": {"adam": adam, "adam, not donated": partial(adam, donate=())}
}

if __name__ == "__main__":
    serve(CANDIDATES)
