"""Centered weights: a critical point for every activation, at every length."""

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from fnn._core.component import number
from fnn._core.layer_checks import check_matrix_shape
from fnn._core.theory_checks import (
    check_has_slope,
    check_positive,
    check_real,
    check_two_units,
)
from fnn._core.trees import working_dtype
from fnn.initializers import Initializer, Normal
from fnn.layers import Layer
from fnn.theory.criticality import Critical
from fnn.theory.expectations import check_activation, moments, within_reach


class CenteredOrthogonal(Initializer):
    """gain times an orthogonal map of the vectors whose entries sum to 0.

    Every row and every column of the matrix sums to 0: what all inputs have in common
    is lost, and what comes out has no mean. Between equal widths the rest, n - 1 of n
    directions, keeps its length times gain, forward and backward, at any depth.
    variance = gain^2 (min(n_in, n_out) - 1) / (n_in n_out).

    Args:
        gain: the factor on lengths.

    Raises:
        ValueError: not the shape of a matrix, or a width below 2.

    Example:
        >>> w = CenteredOrthogonal(4.0)(jax.random.key(0), (8, 8), jnp.float32)
        >>> bool(jnp.allclose(jnp.ones(8) @ w, 0, atol=1e-5))
        True
        >>> jnp.linalg.svd(w, compute_uv=False).round(3).tolist()
        [4.0, 4.0, 4.0, 4.0, 4.0, 4.0, 4.0, 0.0]
    """

    gain: Any = number(default=1.0, above=0)

    def __call__(self, key: jax.Array, shape: tuple[int, ...], dtype: Any) -> jax.Array:
        n_in, n_out = _widths(shape)
        # No matrix is factored in less than float32: drawn there, then rounded.
        working = working_dtype(jax.ShapeDtypeStruct(shape, dtype))
        w = jax.random.orthogonal(key, n_in - 1, m=n_out - 1, dtype=working)
        w = jnp.asarray(self.gain, working) * jnp.pad(w, ((1, 0), (1, 0)))
        left, right = (jnp.asarray(_reflection(n), working) for n in (n_in, n_out))
        return (left @ w @ right).astype(dtype)

    def variance(self, shape: tuple[int, ...]) -> Any:
        n_in, n_out = _widths(shape)
        return self.gain**2 * (min(n_in, n_out) - 1) / (n_in * n_out)


def centered_critical(activation: Layer, q: float, mean: float = 0.0) -> Critical:
    """The critical point of an activation between centered weights.

    Centered weights do not see what all units have in common: the length map has
    Var phi in the place of E phi^2. With z normal, of this mean and variance q,

        weight_variance = 1 / E[phi'(z)^2]
        bias_variance   = q - weight_variance Var phi(z)

    By Poincare's inequality, Var phi <= q E[phi'^2], the bias variance is never
    negative: there is such a point at every q and every mean where phi is not flat, for
    softplus too, which has none without centering. Sigmoid, (1 + tanh(z / 2)) / 2,
    becomes the network of tanh.

    Args:
        activation: an elementwise layer, or a PReLU or LearnedSwish as it starts.
        q: the variance of pre-activations to be kept.
        mean: of pre-activations, given by the biases: where the activation works.

    Raises:
        TypeError: the activation does not act entry by entry.
        ValueError: a number is out of its range, or the activation flat there.

    Example:
        >>> import fnn
        >>> point = centered_critical(fnn.layers.Sigmoid(), q=0.01)
        >>> round(point.weight_variance, 2)
        16.08
    """
    check_activation(activation)
    check_positive("q", q)
    check_real("mean", mean)
    near = within_reach(q)
    at = moments(activation, near, mean)
    check_has_slope(activation, mean, at.slope_square)
    weight_variance = 1 / at.slope_square
    spread = at.value_square - at.value**2
    # For linear phi it is 0, spoiled by rounding.
    bias_variance = max(near - weight_variance * spread, 0.0)
    z_slope = at.z_value_slope - at.value * at.z_slope
    length_slope = weight_variance * z_slope / math.sqrt(near)
    return Critical(weight_variance, bias_variance, float(q), length_slope)


def centered_initializers(
    activation: Layer, q: float, mean: float = 0.0
) -> tuple[Initializer, Initializer]:
    """The initializers of weights and biases that `centered_critical` asks for.

    For the Dense layers after an activation, of equal widths: orthogonal weights, so
    that with the q of `isometric_q` all singular values are kept. A mean on a straight
    piece makes that possible for activations with a kink, ReLU among them.

    Args:
        activation, q, mean: as in `centered_critical`.

    Returns:
        `(weight_initializer, bias_initializer)`, as `fnn.layers.Dense` takes them.

    Raises:
        TypeError, ValueError: as in `centered_critical`.

    Example:
        >>> import fnn
        >>> relu = fnn.layers.ReLU()
        >>> q = fnn.theory.isometric_q(relu, depth=150, variance=1.0, mean=1.0)
        >>> weights, biases = centered_initializers(relu, q, mean=1.0)
        >>> dense = fnn.layers.Dense(
        ...     64, 64, weight_initializer=weights, bias_initializer=biases)
    """
    point = centered_critical(activation, q, mean)
    weights = CenteredOrthogonal(math.sqrt(point.weight_variance))
    return weights, _NormalAround(point.bias_variance, mean)


class _NormalAround(Normal):
    """A normal distribution with a mean."""

    mean: Any = number(default=0.0)

    def __call__(self, key: jax.Array, shape: tuple[int, ...], dtype: Any) -> jax.Array:
        return jnp.asarray(self.mean, dtype) + super().__call__(key, shape, dtype)


def _widths(shape: tuple[int, ...]) -> tuple[int, int]:
    check_matrix_shape(shape)
    check_two_units(shape)
    return shape[0], shape[1]


def _reflection(n: int) -> np.ndarray:
    """The Householder matrix that exchanges e_1 and (1, ..., 1) / sqrt(n)."""
    v = np.full(n, 1 / math.sqrt(n))
    v[0] -= 1
    return np.eye(n) - 2 * np.outer(v, v) / (v @ v)
