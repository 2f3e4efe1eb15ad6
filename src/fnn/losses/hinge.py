"""Hinge losses of support vector machines, for labels -1 and 1.

Each is a mean over the K entries of a prediction, K yes-or-no answers, as in Keras.
Labels 0 and 1 would train towards something else without a word: they raise where they
are concrete, and make the loss NaN inside a compiled step (errata F4).
"""

from typing import Any

import jax
import jax.numpy as jnp

from fnn._core.data_checks import check_signs
from fnn._core.layer_checks import check_same_shape
from fnn.losses.base import Loss


class Hinge(Loss):
    """mean_k max(0, 1 - y_k f_k) for outputs f of shape (K,) and labels -1 and 1.

    Gradient: -y / K where y f < 1, and 0 elsewhere, at the margin y f = 1 too.

    Example:
        >>> loss = Hinge()
        >>> f, y = jnp.array([0.5, 1.0]), jnp.array([-1.0, 1.0])
        >>> float(loss.value(f, y)), loss.gradient(f, y).tolist()
        (0.75, [0.5, 0.0])
    """

    def value(self, prediction: jax.Array, target: jax.Array) -> jax.Array:
        return jnp.mean(_shortfall(prediction, _signs(prediction, target)))

    def gradient(self, prediction: jax.Array, target: jax.Array) -> jax.Array:
        y = _signs(prediction, target)
        enough = _shortfall(prediction, y) == 0
        return jnp.where(enough, 0, -y) / prediction.size

    def check_targets(self, prediction: Any, targets: Any) -> None:
        super().check_targets(prediction, targets)
        check_signs(targets)


class SquaredHinge(Loss):
    """mean_k max(0, 1 - y_k f_k)^2 for outputs f of shape (K,) and labels -1 and 1.

    Gradient: -2 y max(0, 1 - y f) / K.

    Example:
        >>> loss = SquaredHinge()
        >>> f, y = jnp.array([0.5, 1.0]), jnp.array([-1.0, 1.0])
        >>> float(loss.value(f, y)), loss.gradient(f, y).tolist()
        (1.125, [1.5, -0.0])
    """

    def value(self, prediction: jax.Array, target: jax.Array) -> jax.Array:
        return jnp.mean(jnp.square(_shortfall(prediction, _signs(prediction, target))))

    def gradient(self, prediction: jax.Array, target: jax.Array) -> jax.Array:
        y = _signs(prediction, target)
        return -2 * y * _shortfall(prediction, y) / prediction.size

    def check_targets(self, prediction: Any, targets: Any) -> None:
        super().check_targets(prediction, targets)
        check_signs(targets)


def _shortfall(f: jax.Array, y: jax.Array) -> jax.Array:
    """max(0, 1 - y f); slope 0 at the margin, where `jnp.maximum` has half of it."""
    slack = 1 - y * f
    return jnp.where(slack <= 0, 0, slack)


def _signs(prediction: jax.Array, target: jax.Array) -> jax.Array:
    """The labels in the prediction's dtype; NaN for one that is not -1 or 1."""
    check_same_shape(prediction, target)
    y = target.astype(prediction.dtype)
    return jnp.where(jnp.abs(y) == 1, y, jnp.full_like(y, jnp.nan))
