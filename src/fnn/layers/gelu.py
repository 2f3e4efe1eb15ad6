"""GELU, exact; its approximation by tanh stands beside swish."""

import math
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from fnn._core.trees import like
from fnn.layers.base import Elementwise

# Beyond this, the normal density is 0 in every dtype.
_FAR = 40.0


class GELU(Elementwise):
    """a = z Phi(z), with Phi the distribution function of N(0, 1); exact.

    Derivation. With Phi' = phi, the density: da/dz = Phi(z) + z phi(z). a falls and
    rises again, so the tape holds z.

    Accurate to a few units in the last place also in the tail, where
    `jax.nn.gelu(z, approximate=False)` loses six bits (errata E17).
    Source: Hendrycks and Gimpel, 2016.

    Example:
        >>> a = GELU().function(jnp.array([-1.0, 0.0, 1.0]))
        >>> [round(float(entry), 4) for entry in a]
        [-0.1587, 0.0, 0.8413]
    """

    needs_input = True

    def function(self, z: jax.Array) -> jax.Array:
        right, t = z > 0, jnp.where(z > 0, z, -z)
        t = jnp.where(t < _FAR, t, like(_FAR, t))
        # With Q = 1 - Phi: z (1 - Q(z)) to the right, z Q(-z) to the left.
        tail = _times_upper_tail(jnp.where(right, jnp.ones_like(t), -t), t)
        return jnp.where(right, z * (1 - tail), tail)

    def derivative(self, z: jax.Array) -> jax.Array:
        z = jnp.clip(z, -_FAR, _FAR)
        t = jnp.abs(z)
        # By symmetry the slope at z > 0 is 1 less the one at -z.
        left = _times_density(_mills(t) - t, t)
        return jnp.where(z > 0, 1 - left, left)


@jax.custom_jvp
def _times_upper_tail(factor: jax.Array, t: jax.Array) -> jax.Array:
    """factor Q(t) with Q(t) = 1 - Phi(t), for 0 <= t <= _FAR.

    From erfc it would lose bits: XLA's erfc rounds the square of its argument, which at
    80 shifts an exponent by 80 eps.
    """
    return _times_density(factor * _mills(t), t)


@_times_upper_tail.defjvp
def _times_upper_tail_jvp(primals: Any, tangents: Any) -> tuple[jax.Array, jax.Array]:
    """Autodiff is told Q' = -phi, and need not differentiate the series of `_mills`."""
    (factor, t), (dfactor, dt) = primals, tangents
    tail = _times_density(_mills(t), t)
    change = tail * dfactor - _times_density(factor, t) * dt
    return _times_upper_tail(factor, t), change


def _times_density(factor: jax.Array, t: jax.Array) -> jax.Array:
    """factor phi(t) = factor exp(-t^2 / 2) / sqrt(2 pi), for 0 <= t <= _FAR.

    t^2 is split into the square of t's leading bits, which is exact, and a small rest.
    Its exponential is taken by halves, so that it does not vanish before the product.
    """
    info = jnp.finfo(t.dtype)
    leading = lax.reduce_precision(t, info.nexp, (info.nmant - 1) // 2)
    half = jnp.exp(-leading * leading / 4)
    rest = jnp.exp(-(t - leading) * (t + leading) / 2)
    return factor * half * (rest * like(1 / math.sqrt(2 * math.pi), t)) * half


def _mills(t: jax.Array) -> jax.Array:
    """Q(t) / phi(t) for t >= 0, by the Chebyshev series of (1 + t) Q(t) / phi(t).

    In w = (t - 4) / (t + 4), which takes [0, inf) to [-1, 1), by Clenshaw's recurrence.
    """
    w = (t - 4) / (t + 4)
    terms = _MILLS if jnp.finfo(t.dtype).bits > 32 else _MILLS[:_TERMS_FLOAT32]
    last = before = jnp.zeros_like(t)
    for term in terms[:0:-1]:
        last, before = 2 * w * last - before + like(term, t), last
    return (w * last - before + like(terms[0], t)) / (1 + t)


_TERMS_FLOAT32 = 13
# tests/layers/test_accuracy.py computes them again.
_MILLS = (
    1.1670525350882472,
    -0.1610195767134654,
    -0.028002821825452974,
    0.03167452189239266,
    -0.012103231162345369,
    0.0027056129762167095,
    -0.00029931636202703166,
    -1.716686526879361e-05,
    1.0178489264109868e-05,
    -4.894829570004192e-07,
    -2.844006500151048e-07,
    3.0766283713811506e-08,
    9.180378674469537e-09,
    -1.2756102213808737e-09,
    -3.6602793761041335e-10,
    4.5926359348595225e-11,
    1.718931468764654e-11,
    -1.2726833698700655e-12,
    -8.668081913316232e-13,
    1.1061557204015602e-15,
    4.2750210770084256e-14,
    3.79093769223925e-15,
    -1.84741030108768e-15,
    -4.0419094133726034e-16,
    5.340854382044752e-17,
    2.941479934877753e-17,
)
