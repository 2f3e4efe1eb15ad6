"""Metrics of predicted values."""

import jax
import jax.numpy as jnp

from fnn._core.metric_checks import check_average, check_regression
from fnn.metrics.base import floating


def r2(prediction: jax.Array, target: jax.Array, average: str = "macro") -> jax.Array:
    """The coefficient of determination: 1 - sum (t - p)^2 / sum (t - mean t)^2.

    1 is perfect, 0 is what the mean of the targets reaches, and there is no lower
    bound. Where the targets are all the same it is 1 if they are met, else 0.

    Args:
        prediction: (B,) or (B, K) values.
        target: values of the same shape.
        average: "macro", the mean of the columns, or "none", a value for each. Static.

    Returns:
        A scalar, or (K,) for "none".

    Raises:
        ValueError: the shapes do not fit, there is one row only, or an unknown
            average.

    Example:
        >>> target = jnp.array([[1.0], [2.0], [3.0]])
        >>> float(r2(target, target)), float(r2(jnp.full((3, 1), 2.0), target))
        (1.0, 0.0)
    """
    check_average(average, ("macro", "none"))
    check_regression(prediction, target)
    prediction = floating(prediction).reshape(len(prediction), -1)
    target = jnp.asarray(target, prediction.dtype).reshape(prediction.shape)
    constant = jnp.all(target == target[:1], axis=0)
    # Ten times 0.1 has a mean that is not quite 0.1.
    centered = target - jnp.mean(target, axis=0, keepdims=True)
    left = jnp.sum(jnp.square(target - prediction), axis=0)
    total = jnp.where(constant, 1, jnp.sum(jnp.square(centered), axis=0))
    met = (left == 0).astype(left.dtype)
    values = jnp.where(constant, met, 1 - left / total)
    return values if average == "none" else jnp.mean(values)
