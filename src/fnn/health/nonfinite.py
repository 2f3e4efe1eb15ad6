"""Where the first value that is not finite came up."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from fnn._core import keys
from fnn._core.batch_axis import BATCH
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
        quantity: "x", "y", "example weight", "weight", "z", "a", "loss", "delta",
            "gradient" or "update".
        layer: the layer's name; None for what is of no layer.
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
    for quantity, values in zip(("x", "y", "example weight"), batch, strict=True):
        if values is not None:
            rows = _rows(~np.isfinite(np.asarray(values, float)))
            if rows:
                return NonFinite(0, quantity, None, rows)
    names = [p.name for p in places(recipe.model, state.params) if p.has_weights]
    for step, loss in enumerate(losses):
        found = _first(told, step, names, loss)
        if found is None:
            continue
        quantity, layer = found
        rows = ()
        if quantity in (*_FORWARD, "loss"):
            bad = ~np.asarray(_replayed(recipe, state, batch, step))
            # Later layers inherit it: the first layer that has any tells the rows.
            columns = bad.any(axis=0)
            rows = _rows(bad[:, int(columns.argmax())])
        return NonFinite(step, quantity, layer, rows)
    return None


def _first(
    told: Statistics, step: int, names: list[str], loss: Any
) -> tuple[str, str | None] | None:
    """The quantity and the layer of one step's first value that is not finite."""

    def bad(quantity: str) -> np.ndarray:
        values = ~np.isfinite(getattr(told, quantity)[step])
        # Without an activation to measure there is NaN in `a`, and in both shares.
        measured = np.isfinite([told.dead[step], told.saturated[step]]).any(axis=0)
        return values & measured if quantity == "a" else values

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


@jax.jit
def _replayed(recipe: Recipe, state: TrainState, batch: Batch, step: int) -> jax.Array:
    """(B, layers + 1): what is finite in that step's outputs, and in its losses."""

    def body(_: Any, state: TrainState) -> TrainState:
        return train_step(recipe, state, batch)[0]

    # The step is a number, not a length: one program for all of them.
    state = lax.fori_loop(0, step, body, state)
    key = keys.for_step(state.key, state.step)
    finite, outputs = rows_finite(recipe.model, state.params, state.stats, batch, key)
    losses = jax.vmap(recipe.loss.value, axis_name=BATCH)(outputs, batch.y)
    return jnp.concatenate([finite, jnp.isfinite(losses)[:, None]], axis=1)


def _rows(bad: np.ndarray) -> tuple[int, ...]:
    rows = bad.reshape(len(bad), -1).any(axis=1)
    return tuple(int(row) for row in np.flatnonzero(rows))
