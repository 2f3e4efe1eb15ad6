"""Errors that outliers do not rule: absolute, Huber's and Barron's.

Each is a mean over the K entries of a prediction, as `MeanSquaredError` is.
"""

import math
from typing import Any

import jax
import jax.numpy as jnp

from fnn._core.component import number
from fnn._core.trees import like
from fnn.losses.base import Loss, residual


class MeanAbsoluteError(Loss):
    """mean_k |p_k - y_k| over the K entries of a prediction.

    Gradient: sign(p - y) / K, 0 at p = y (errata F1). `jnp.abs` has slope 1 at 0 in
    JAX, so |r| is written as r sign(r).

    Example:
        >>> loss = MeanAbsoluteError()
        >>> p, y = jnp.array([1.0, 3.0]), jnp.array([1.0, 5.0])
        >>> float(loss.value(p, y)), loss.gradient(p, y).tolist()
        (1.0, [0.0, -0.5])
    """

    def value(self, prediction: jax.Array, target: jax.Array) -> jax.Array:
        return jnp.mean(_magnitude(residual(prediction, target)))

    def gradient(self, prediction: jax.Array, target: jax.Array) -> jax.Array:
        return jnp.sign(residual(prediction, target)) / prediction.size


class Huber(Loss):
    """mean_k of r^2 / 2 where |r| <= delta, delta (|r| - delta / 2) beyond; r = p - y.

    Gradient: r / K, cut at -delta / K and delta / K. Huber 1964, "Robust Estimation
    of a Location Parameter". PyTorch's `SmoothL1Loss` is this over delta (errata F3).

    Args:
        delta: the residual at which the square ends.

    Example:
        >>> loss = Huber(delta=1.0)
        >>> p, y = jnp.array([0.5, 3.0]), jnp.array([0.0, 0.0])
        >>> float(loss.value(p, y)), loss.gradient(p, y).tolist()
        (1.3125, [0.25, 0.5])
    """

    delta: Any = number(default=1.0, above=0)

    def value(self, prediction: jax.Array, target: jax.Array) -> jax.Array:
        r = residual(prediction, target)
        delta, size = like(self.delta, r), _magnitude(r)
        linear = delta * (size - delta / 2)
        return jnp.mean(jnp.where(size <= delta, jnp.square(r) / 2, linear))

    def gradient(self, prediction: jax.Array, target: jax.Array) -> jax.Array:
        r = residual(prediction, target)
        delta = like(self.delta, r)
        return jnp.clip(r, -delta, delta) / prediction.size


class GeneralRobust(Loss):
    """mean_k rho(p_k - y_k), Barron's family of losses from square to redescending.

        rho(x) = |alpha - 2| / alpha (((x/c)^2 / |alpha - 2| + 1)^(alpha/2) - 1)

    and its limits: alpha = 2 is u^2 / 2 with u = x / c, alpha = 1 sqrt(u^2 + 1) - 1,
    alpha = 0 log(u^2 / 2 + 1), alpha = -2 Geman-McClure's, alpha = -inf Welsch's
    1 - exp(-u^2 / 2). Barron 2019, "A General and Adaptive Robust Loss Function",
    with alpha and c fixed; not the notes' formula, which is infinite at 0 (errata F10).

    Gradient: with b = |alpha - 2| and h = b/2 log(1 + u^2 / b), for which alpha = 2 and
    -inf have the limits 0 and u^2 / 2,

        rho = (exp(alpha h / b) - 1) b / alpha,
        drho/dx = (u / c) (1 + u^2 / b)^(alpha/2 - 1) = (u / c) exp(-h),

    exp(h) for alpha above 2. At alpha = 2 and -inf exactly the derivative in alpha
    itself, a hypergradient, is not that of the limit but 0.

    Args:
        alpha: the shape: the lower, the less an outlier counts. -inf is allowed.
        scale: the residual c at which the square ends.

    Example:
        >>> p, y = jnp.array([3.0]), jnp.array([0.0])
        >>> for alpha in (2.0, 0.0, -2.0):
        ...     loss = GeneralRobust(alpha)
        ...     value, slope = float(loss.value(p, y)), loss.gradient(p, y).item()
        ...     print(alpha, round(value, 4), round(slope, 4))
        2.0 4.5 3.0
        0.0 1.7047 0.5455
        -2.0 1.3846 0.284
    """

    alpha: Any = number(default=1.0, at_least=-math.inf)
    scale: Any = number(default=1.0, above=0)

    def value(self, prediction: jax.Array, target: jax.Array) -> jax.Array:
        u = residual(prediction, target) / like(self.scale, prediction)
        alpha = like(self.alpha, u)
        square, welsch = alpha == 2, jnp.isneginf(alpha)
        # Where a formula is not used it is given harmless numbers: a branch not taken
        # must be finite, or its derivative, 0 times infinity, is NaN.
        a = jnp.where(square | welsch, 1, alpha)
        a = jnp.where(welsch, -1, a / jnp.abs(a - 2))
        base, doubled, _, h = _growth(jnp.where(square, 0, u), alpha)
        t = a * h
        # (exp(t) - 1) / a: by its series near t = 0, where a may be 0; as a power of
        # u far out, which is more exact than exp of a large logarithm.
        near = jnp.abs(t) < float(jnp.finfo(u.dtype).eps) ** (1 / 3)
        far = (base >= 2) & (jnp.abs(t) >= 1)
        small = jnp.where(near, t, 0)
        series = jnp.where(near, h, 0) * (1 + small / 2 * (1 + small / 3))
        exponent = jnp.where(doubled, alpha, alpha / 2)
        power = jnp.power(jnp.where(far, base, 1), jnp.where(far, exponent, 1)) - 1
        growth = jnp.where(far, power, jnp.expm1(jnp.where(near | far, 1, t)))
        robust = jnp.where(near, series, growth / jnp.where(near, 1, a))
        return jnp.mean(jnp.where(square, jnp.square(u) / 2, robust))

    def gradient(self, prediction: jax.Array, target: jax.Array) -> jax.Array:
        scale = like(self.scale, prediction)
        u = residual(prediction, target) / scale
        alpha = like(self.alpha, u)
        base, doubled, root, h = _growth(u, alpha)
        # With v^2 = u^2 / b: u (v^2)^(alpha/2 - 1) = sign(u) sqrt(b) v^(alpha - 1).
        front = jnp.where(doubled, jnp.sign(u) * root, u)
        power = jnp.power(base, jnp.where(doubled, alpha - 1, alpha / 2 - 1))
        near = u * jnp.exp(jnp.where(alpha > 2, h, -h))
        slope = jnp.where(base >= 2, front * power, near)
        return slope / scale / prediction.size


def _growth(u: jax.Array, alpha: jax.Array) -> tuple[jax.Array, ...]:
    """(base, doubled, sqrt(b), h) of 1 + u^2 / b, where b = |alpha - 2|.

    h = b/2 log(1 + u^2 / b), with the limits 0 for b = 0 and u^2 / 2 for infinite b.
    base is 1 + u^2 / b; where that is so large that it may overflow, its square root,
    and then `doubled` is true. In both limits base is 1.
    """
    precision = float(jnp.finfo(u.dtype).eps)
    b = jnp.abs(alpha - 2)
    limit = (b == 0) | jnp.isinf(b)
    b = jnp.where(limit, 1, b)
    v = jnp.where(limit, 0, u)
    q = v / b * v
    doubled = q > 1 / precision
    wide = jnp.where(doubled, v, jnp.sqrt(b))
    narrow = jnp.where(doubled, 0, q)
    base = jnp.where(doubled, _magnitude(wide) / jnp.sqrt(b), 1 + narrow)
    # For small q, u^2 / 2 times the series of log(1 + q) / q: right for infinite b.
    small = q < precision ** (1 / 3)
    s = jnp.where(small, q, 0)
    series = jnp.square(jnp.where(small, u, 0)) / 2 * (1 - s / 2 * (1 - 2 * s / 3))
    log = jnp.where(doubled, 2 * jnp.log(base), jnp.log1p(narrow))
    h = jnp.where(alpha == 2, 0, jnp.where(small, series, b / 2 * log))
    return base, doubled, jnp.sqrt(b), h


def _magnitude(r: jax.Array) -> jax.Array:
    """|r| with slope 0 at 0."""
    return r * jnp.sign(r)
