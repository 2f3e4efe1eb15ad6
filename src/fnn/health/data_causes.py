"""Causes that lie in the data: each a function of a case, or None."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from fnn.data import Batch, Standardize, take
from fnn.health.case import Case, Cause, Change
from fnn.losses import (
    GeneralRobust,
    HalfSquaredError,
    Huber,
    MeanAbsoluteError,
    MeanSquaredError,
)

_REGRESSION = (
    MeanSquaredError,
    HalfSquaredError,
    MeanAbsoluteError,
    Huber,
    GeneralRobust,
)
_LARGE_INPUT, _SMALL_INPUT = 30.0, 0.1
_LARGE_TARGET, _SMALL_TARGET = 10.0, 0.01
_OFFSET = 5.0
_UNEQUAL = 100.0
_NEIGHBOURS = 400
_SHIFTS = (-3, -2, -1, 1, 2, 3)


def nonfinite_data(case: Case) -> Cause | None:
    """Infinite or NaN values in x, y or the weights of the examples."""
    bad = ~finite_rows(case.data)
    if not bad.any():
        return None
    rows = np.flatnonzero(bad)
    shown = ", ".join(map(str, rows[:5])) + (", ..." if len(rows) > 5 else "")

    def treat(case: Case) -> Change:
        return Change(data=take(case.data, finite_rows(case.data)))

    return Cause(
        "nonfinite_data",
        f"{len(rows)} of {len(bad)} examples are not finite (rows {shown})",
        "leave these examples out",
        treat,
    )


def finite_rows(data: Batch) -> np.ndarray:
    """(B,) whether every value of an example is finite."""
    parts = (part for part in data if part is not None)
    finite = [np.isfinite(np.asarray(part, float)) for part in parts]
    return np.all([rows.reshape(len(rows), -1).all(axis=1) for rows in finite], axis=0)


def labels_out_of_range(case: Case) -> Cause | None:
    """Class numbers that do not begin at 0, or have no output of their own."""
    y = np.asarray(case.data.y)
    if y.ndim != 1 or not np.issubdtype(y.dtype, np.integer):
        return None
    classes = _outputs(case)
    low, high = int(y.min()), int(y.max())
    # Labels that are no class are wrong; that 0 is never used may be chance.
    if low >= 0 and high < classes:
        return None
    used = np.unique(y)

    def treat(case: Case) -> Change:
        y = np.asarray(case.data.y)
        if high - low < classes:
            return Change(data=case.data._replace(y=y - low))
        return Change(
            data=case.data._replace(y=np.searchsorted(used, y).astype(y.dtype))
        )

    if high - low >= classes and len(used) > classes:
        return None
    return Cause(
        "labels_out_of_range",
        f"labels go from {low} to {high}, the model's outputs from 0 to {classes - 1}",
        "number the classes from 0",
        treat,
    )


def _outputs(case: Case) -> int:
    """The number of the model's outputs."""
    recipe, state = case.recipe, case.state

    def one(x: jax.Array) -> jax.Array:
        key = jax.random.key(0)
        return recipe.model.forward(state.params, state.stats, x, key, False)[0]

    x = jnp.asarray(case.data.x[0])
    return jax.eval_shape(one, x).shape[-1]


def out_of_step(case: Case) -> Cause | None:
    """Targets some rows away from their inputs: neighbours in x disagree in y."""
    data = take(case.data, finite_rows(case.data))
    x, y = (np.asarray(part, float)[:_NEIGHBOURS] for part in data[:2])
    if len(x) < 50:
        return None
    centered = (x - x.mean(axis=0)) / (x.std(axis=0) + 1e-12 + 1e-3 * x.std())
    squares = np.square(centered).sum(axis=1)
    distance = squares[:, None] + squares - 2 * centered @ centered.T
    np.fill_diagonal(distance, np.inf)
    nearest = distance.argmin(axis=1)
    labels = np.issubdtype(np.asarray(data.y).dtype, np.integer)
    now = _agreement(y, nearest, labels)
    shifted = {s: _agreement(np.roll(y, s, axis=0), nearest, labels) for s in _SHIFTS}
    shift = max(shifted, key=lambda s: shifted[s])
    if now > 0.2 or shifted[shift] < 0.5:
        return None

    def treat(case: Case) -> Change:
        y = np.roll(np.asarray(case.data.y), shift, axis=0)
        return Change(data=case.data._replace(y=y))

    way = "down" if shift > 0 else "up"
    return Cause(
        "out_of_step",
        f"nearest neighbours in x agree in y no better than chance ({now:.2f} of 1), "
        f"but to {shifted[shift]:.2f} if y moves {way} by {abs(shift)} rows",
        f"move y {way} by {abs(shift)} rows",
        treat,
    )


def _agreement(y: np.ndarray, nearest: np.ndarray, labels: bool) -> float:
    """How alike neighbours are: 1 if always, 0 by chance."""
    if labels:
        chance = np.square(np.unique(y, return_counts=True)[1] / len(y)).sum()
        same = np.mean(y[nearest] == y)
        return float((same - chance) / (1 - chance)) if chance < 1 else 1.0
    variance = y.var(axis=0).mean()
    apart = np.square(y[nearest] - y).mean()
    return float(1 - apart / (2 * variance)) if variance > 0 else 1.0


def unscaled_inputs(case: Case) -> Cause | None:
    """Inputs far from mean 0 and deviation 1."""
    x = np.asarray(take(case.data, finite_rows(case.data)).x, float)
    x = x.reshape(len(x), -1)
    mean, deviation = x.mean(axis=0), x.std(axis=0)
    varying = np.sort(deviation[deviation > 0])
    if not len(varying):
        return None
    size, spread = float(np.sqrt(np.square(x).mean())), _rms(deviation)
    unequal = float(varying[-1] / varying[(len(varying) - 1) // 2])
    evidence = None
    if unequal > _UNEQUAL:
        evidence = f"one input varies {unequal:.3g} times as much as the median one"
    elif size > _LARGE_INPUT:
        evidence = f"inputs have the root mean square {size:.3g}"
    elif np.abs(x).max() < _SMALL_INPUT:
        evidence = f"no input is larger than {np.abs(x).max():.3g}"
    elif _rms(mean) > _OFFSET * spread:
        evidence = f"inputs are {_rms(mean):.3g} from 0 and vary by {spread:.3g} only"
    if evidence is None:
        return None

    # One deviation for all features of one kind, as pixels are; strangers their own.
    strange = deviation > np.sqrt(_UNEQUAL) * varying[(len(varying) - 1) // 2]
    shared = np.where(strange, deviation, _rms(deviation[~strange]))

    def treat(case: Case) -> Change:
        x = np.asarray(case.data.x)
        divisor = np.where(shared > 0, shared, 1.0).astype(x.dtype)
        scale = Standardize(mean.astype(x.dtype), divisor)
        return Change(data=case.data._replace(x=scale(x)), inputs=scale)

    words = "standardize the inputs"
    return Cause("unscaled_inputs", evidence, words, treat)


def unscaled_targets(case: Case) -> Cause | None:
    """Targets of a regression far from mean 0 and deviation 1."""
    y = np.asarray(take(case.data, finite_rows(case.data)).y, float)
    if not isinstance(case.recipe.loss, _REGRESSION):
        return None
    size, spread = _rms(y), float(y.std())
    if spread == 0 or (
        np.abs(y).max() > _SMALL_TARGET
        and size < _LARGE_TARGET
        and abs(y.mean()) < _OFFSET * spread
    ):
        return None

    def treat(case: Case) -> Change:
        y = np.asarray(case.data.y)
        scale = Standardize.fit(y)
        return Change(data=case.data._replace(y=scale(y)), targets=scale)

    return Cause(
        "unscaled_targets",
        f"targets have the mean {y.mean():.3g} and the deviation {spread:.3g}",
        "standardize the targets, and take predictions back",
        treat,
    )


def _rms(values: Any) -> float:
    return float(np.sqrt(np.mean(np.square(values))))
