"""Squared errors."""

import jax
import jax.numpy as jnp

from fnn.losses.base import Loss, residual


class MeanSquaredError(Loss):
    """mean_k (p_k - y_k)^2 over the K entries of a prediction, without 1/2.

    Gradient: 2 (p - y) / K. As in PyTorch and Keras (errata F2).

    Example:
        >>> loss = MeanSquaredError()
        >>> p, y = jnp.array([1.0, 3.0]), jnp.array([0.0, 0.0])
        >>> float(loss.value(p, y)), loss.gradient(p, y).tolist()
        (5.0, [1.0, 3.0])
    """

    def value(self, prediction: jax.Array, target: jax.Array) -> jax.Array:
        return jnp.mean(jnp.square(residual(prediction, target)))

    def gradient(self, prediction: jax.Array, target: jax.Array) -> jax.Array:
        return 2 * residual(prediction, target) / prediction.size


class HalfSquaredError(Loss):
    """sum_k (p_k - y_k)^2 / 2 over the K entries of a prediction.

    Gradient: p - y. The notes' cost (errata A8, F2): K/2 times the mean squared error.

    Example:
        >>> loss = HalfSquaredError()
        >>> p, y = jnp.array([1.0, 3.0]), jnp.array([0.0, 0.0])
        >>> float(loss.value(p, y)), loss.gradient(p, y).tolist()
        (5.0, [1.0, 3.0])
    """

    def value(self, prediction: jax.Array, target: jax.Array) -> jax.Array:
        return jnp.sum(jnp.square(residual(prediction, target))) / 2

    def gradient(self, prediction: jax.Array, target: jax.Array) -> jax.Array:
        return residual(prediction, target)
