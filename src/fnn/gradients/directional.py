"""Witnesses that differentiate nothing: evaluations of the loss along one direction."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from fnn.layers.base import Tree

# Of the parameters' own size: the steps of the remainder, and the two of differences,
# where truncation is below rounding and few kinks lie within.
_STEPS = 2.0 ** -np.arange(6, 14)
_SHORT = 2.0 ** -np.array([16.0, 17.0])


class Directional(NamedTuple):
    """What was evaluated for one parameter along a direction v.

    Attributes:
        differences: central differences with one Richardson extrapolation.
        complex_step: Im C(w + i h v) / h, or None.
        slope: of the Taylor remainder, or None where it is all rounding.
    """

    differences: float
    complex_step: float | None
    slope: float | None


def witnesses(
    value: Callable[[Tree], jax.Array], params: Tree, gradient: Tree, key: jax.Array
) -> list[tuple[float, Directional]]:
    """For each parameter array, gradient . v and what the loss itself says of it.

    Needs float64. For each array one random direction v of the array's own size is
    taken; all losses of all arrays are computed by one compiled program.

    Args:
        value: the loss as a function of the parameters.
        params: where.
        gradient: to be judged.
        key: draws the directions.

    Returns:
        (gradient . v, evaluations) for each array.
    """
    leaves, treedef = jax.tree.flatten(params)
    keys = jax.random.split(key, max(len(leaves), 1))
    directions = [_direction(p, k) for p, k in zip(leaves, keys, strict=False)]

    def along(index: jax.Array, h: jax.Array) -> jax.Array:
        moved = [
            p + jnp.where(index == place, h, jnp.zeros_like(h)) * v
            for place, (p, v) in enumerate(zip(leaves, directions, strict=True))
        ]
        return value(treedef.unflatten(moved))

    def losses(steps: np.ndarray) -> np.ndarray:
        pairs = jnp.indices((len(leaves), len(steps))).reshape(2, -1)

        def one(pair: jax.Array) -> jax.Array:
            return along(pair[0], jnp.asarray(steps)[pair[1]])

        mapped = jax.jit(lambda pairs: jax.lax.map(one, pairs.T))
        return np.asarray(mapped(pairs)).reshape(len(leaves), len(steps))

    if not leaves:
        return []
    start = float(value(params))
    ahead = losses(np.concatenate([_STEPS, _SHORT, -_SHORT]))
    up, right, left = np.split(ahead, [len(_STEPS), len(_STEPS) + 2], axis=1)
    exact = _complex_steps(losses)
    found = []
    for index, (g, v) in enumerate(
        zip(treedef.flatten_up_to(gradient), directions, strict=True)
    ):
        slope = float(np.vdot(np.asarray(g), np.asarray(v)))
        central = (right[index] - left[index]) / (2 * _SHORT)
        differences = float((4 * central[1] - central[0]) / 3)
        complex_step = None if exact is None else float(exact[index])
        remainder = np.abs(up[index] - start - _STEPS * slope)
        found.append(
            (slope, Directional(differences, complex_step, _slope(remainder, start)))
        )
    return found


def _direction(p: jax.Array, key: jax.Array) -> jax.Array:
    """A random direction with entries about as large as the array's, at least 0.1."""
    size = jnp.maximum(jnp.sqrt(jnp.mean(jnp.square(p))), 0.1)
    return size * jax.random.normal(key, p.shape, p.dtype)


def _slope(remainder: np.ndarray, start: float) -> float | None:
    """Of log remainder over log h, from the steps where rounding has no part."""
    eps = np.finfo(np.float64).eps
    clear = remainder > 1e4 * eps * max(abs(start), 1e-3)
    if clear.sum() < 3:
        return None
    # The smallest clear steps: there terms of higher order have faded.
    last = np.flatnonzero(clear)[-3:]
    h, r = np.log(_STEPS[last]), np.log(remainder[last])
    return float(np.polyfit(h, r, 1)[0])


def _complex_steps(losses: Callable[[Any], np.ndarray]) -> np.ndarray | None:
    """Im C(w + i h v) / h for each array; None if the loss takes no complex numbers."""
    h = 1e-30
    try:
        values = losses(np.array([1j * h]))
    except (TypeError, ValueError, NotImplementedError):
        return None
    if not np.iscomplexobj(values):
        return None
    return np.imag(values[:, 0]) / h
