"""Where the first value that is not finite came up."""

import functools
from typing import Any, NamedTuple

import jax
import numpy as np
from jax import lax

from fnn._core import keys
from fnn.data import Batch
from fnn.gradients.statistics import Statistics, rows_finite
from fnn.gradients.walk import places
from fnn.training.base import Recipe, TrainState
from fnn.training.step import train_step

_FORWARD = ("z", "a")
_BACKWARD = ("delta", "gradient", "update")


class NonFinite(NamedTuple):
    """The first infinite or NaN value of a trial.

    Attributes:
        step: trial step, from 0.
        quantity: "x", "y", "weight", "z", "a", "loss", "delta", "gradient" or "update".
        layer: the layer's name; None for x, y and the loss.
        rows: rows of the batch in which it is; empty where it is not of one example.
    """

    step: int
    quantity: str
    layer: str | None
    rows: tuple[int, ...]


def first_nonfinite(
    recipe: Recipe, state: TrainState, batch: Batch, losses: Any, told: Statistics
) -> NonFinite | None:
    """The first step, then the first quantity in the order of the pass, or None."""
    for quantity, values in (("x", batch.x), ("y", batch.y)):
        rows = _rows(~np.isfinite(np.asarray(values, float)))
        if rows:
            return NonFinite(0, quantity, None, rows)
    names = [p.name for p in places(recipe.model, state.params) if p.has_weights]
    for step, loss in enumerate(losses):
        found = _first(told, step, names, loss)
        if found is None:
            continue
        quantity, layer = found
        rows: tuple[int, ...] = ()
        if quantity in (*_FORWARD, "loss"):
            finite = np.asarray(_replayed(recipe, state, batch, step))
            bad = ~finite
            # Later layers inherit it: the first layer that has any tells the rows.
            columns = bad.any(axis=0)
            rows = _rows(bad[:, int(columns.argmax())]) if columns.any() else ()
        return NonFinite(step, quantity, layer, rows)
    return None


def _first(
    told: Statistics, step: int, names: list[str], loss: Any
) -> tuple[str, str | None] | None:
    """The quantity and the layer of one step's first value that is not finite."""

    def bad(quantity: str) -> np.ndarray:
        values = np.asarray(getattr(told, quantity))[step]
        # What is not there to measure is NaN in `a`; an overflow there is infinite.
        return np.isinf(values) if quantity == "a" else ~np.isfinite(values)

    if bad("weight").any():
        return "weight", names[int(bad("weight").argmax())]
    forward = np.stack([bad(quantity) for quantity in _FORWARD], axis=1).ravel()
    if forward.any():
        place = int(forward.argmax())
        return _FORWARD[place % 2], names[place // 2]
    if not np.isfinite(loss):
        return "loss", None
    for index in range(len(names) - 1, -1, -1):
        for quantity in _BACKWARD:
            if bad(quantity)[index]:
                return quantity, names[index]
    return None


@functools.partial(jax.jit, static_argnums=3)
def _replayed(recipe: Recipe, state: TrainState, batch: Batch, step: int) -> jax.Array:
    """(B, layers): what is finite in the forward pass of that step."""

    def body(state: TrainState, _: None) -> tuple[TrainState, None]:
        return train_step(recipe, state, batch)[0], None

    state, _ = lax.scan(body, state, length=step)
    key = keys.for_step(state.key, state.step)
    return rows_finite(recipe.model, state.params, state.stats, batch, key)


def _rows(bad: np.ndarray) -> tuple[int, ...]:
    rows = bad.reshape(len(bad), -1).any(axis=1)
    return tuple(int(row) for row in np.flatnonzero(rows))
