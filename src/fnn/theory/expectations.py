"""Gaussian expectations of an activation and its slope, in float64.

Nothing here needs a second derivative, which at a kink is no function: by Stein's
lemma d/dq E f(sqrt(q) z) = E[z f'(sqrt(q) z)] / (2 sqrt(q)).
"""

import math
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from fnn._core.checks import check_kind
from fnn._core.theory_checks import check_finite_activation
from fnn.layers import Elementwise, Layer, LearnedSwish, PReLU
from fnn.theory.quadrature import line, plane

# The limits q -> 0 and q -> infinity are read off here: far enough for the limit to
# hold in every digit, near enough for z^3 not to overflow inside an activation.
SHORTEST, LONGEST = 1e-30, 1e30


class Moments(NamedTuple):
    """Expectations over z standard normal, with f = phi(mean + sqrt(q) z)."""

    value: float
    value_square: float
    slope: float
    slope_square: float
    slope_fourth: float
    value_slope: float
    z_slope: float
    z_value_slope: float


def moments(activation: Layer, q: float, mean: float = 0.0) -> Moments:
    """The moments of an activation whose input has this mean and variance q.

    q = 0 and q = infinity stand for the limits.
    """
    root = math.sqrt(within_reach(q))
    z, w = line(-mean / root)
    f, slope = values(activation, mean + root * z)
    integrands = (
        f,
        f * f,
        slope,
        slope**2,
        slope**4,
        f * slope,
        z * slope,
        z * f * slope,
    )
    return Moments(*(float(w @ integrand) for integrand in integrands))


def pair_moments(activation: Layer, c: float, q: float) -> tuple[float, float]:
    """E[phi(u1) phi(u2)] and E[phi'(u1) phi'(u2)] at variance q and correlation c."""
    root = math.sqrt(within_reach(q))
    z1, z2, w = plane(c)
    (f1, f2), (slope1, slope2) = values(activation, root * np.stack([z1, z2]))
    return float(w @ (f1 * f2)), float(w @ (slope1 * slope2))


def value_at_zero(activation: Layer) -> float:
    """phi(0)."""
    z, _ = line(0.0)
    return float(values(activation, 0 * z)[0][0])


def within_reach(q: float) -> float:
    """q, or where its limit to 0 or infinity is read off."""
    return min(max(q, SHORTEST), LONGEST)


def values(activation: Layer, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """phi(z) and phi'(z), whatever precision JAX is set to."""
    with jax.enable_x64(True):
        f, slope = (np.asarray(array) for array in _values(activation, z))
    check_finite_activation(activation, z, f)
    check_finite_activation(activation, z, slope)
    return f, slope


def check_activation(activation: Any) -> None:
    """Raise TypeError unless this is an activation that acts entry by entry."""
    check_kind(
        "activation",
        activation,
        (Elementwise, PReLU, LearnedSwish),
        "a layer that acts entry by entry, such as fnn.layers.Tanh(), or a PReLU or "
        "LearnedSwish, taken as it starts",
    )


@jax.jit
def _values(activation: Layer, z: jax.Array) -> tuple[jax.Array, jax.Array]:
    key = jax.random.key(0)
    params, stats = activation.init(key)

    def phi(z: jax.Array) -> jax.Array:
        return activation.forward(params, stats, z, key, train=False)[0]

    return jax.jvp(phi, (z,), (jnp.ones_like(z),))
