"""Cross-entropies, in nats, on logits: nothing overflows and no log is of 0."""

from typing import Any

import jax
import jax.numpy as jnp

from fnn._core.data_checks import check_labels, check_probabilities
from fnn._core.layer_checks import check_same_shape
from fnn.losses.base import Loss


class SoftmaxCrossEntropy(Loss):
    """-sum_k y_k log softmax(z)_k for logits z of shape (K,), K classes.

    The target is an integer label, or a row y of K probabilities.
    Gradient: softmax(z) sum_k y_k - y, which is p - y when y sums to 1 (errata F8).

    A label outside 0 .. K-1 raises where it is concrete; inside a compiled step it
    makes the loss NaN.

    Example:
        >>> loss = SoftmaxCrossEntropy()
        >>> z = jnp.array([0.0, 0.0, 0.0, 0.0])
        >>> round(float(loss.value(z, jnp.array(1))), 4)
        1.3863
        >>> loss.gradient(z, jnp.array(1)).tolist()
        [0.25, -0.75, 0.25, 0.25]
    """

    def value(self, prediction: jax.Array, target: jax.Array) -> jax.Array:
        row = _row(prediction, target)
        return -jnp.sum(row * jax.nn.log_softmax(prediction))

    def gradient(self, prediction: jax.Array, target: jax.Array) -> jax.Array:
        row = _row(prediction, target)
        return jax.nn.softmax(prediction) * jnp.sum(row) - row

    def check_targets(self, prediction: Any, targets: Any) -> None:
        if targets.ndim == 1:
            check_labels(targets, prediction.shape[-1])
        else:
            super().check_targets(prediction, targets)
            check_probabilities(targets)


class SigmoidCrossEntropy(Loss):
    """sum_k log(1 + exp(z_k)) - y_k z_k for logits z: K yes-or-no answers.

    This is -y log s - (1 - y) log(1 - s) with s = sigmoid(z), written so that it does
    not overflow (errata A9, F6). Gradient: sigmoid(z) - y.

    The target has the logits' shape and holds 0 and 1, or probabilities.

    Example:
        >>> loss = SigmoidCrossEntropy()
        >>> z, y = jnp.array([0.0, -20.0]), jnp.array([1.0, 1.0])
        >>> round(float(loss.value(z, y)), 4), loss.gradient(z, y).tolist()
        (20.6931, [-0.5, -1.0])
    """

    def value(self, prediction: jax.Array, target: jax.Array) -> jax.Array:
        check_same_shape(prediction, target)
        target = target.astype(prediction.dtype)
        return jnp.sum(jax.nn.softplus(prediction) - target * prediction)

    def gradient(self, prediction: jax.Array, target: jax.Array) -> jax.Array:
        return jax.nn.sigmoid(prediction) - target.astype(prediction.dtype)

    def check_targets(self, prediction: Any, targets: Any) -> None:
        super().check_targets(prediction, targets)
        check_probabilities(targets)


def _row(prediction: jax.Array, target: jax.Array) -> jax.Array:
    """The target as a row of probabilities; NaN for a label that is no class."""
    if target.ndim == 0 and jnp.issubdtype(target.dtype, jnp.integer):
        classes = jnp.arange(prediction.shape[-1], dtype=target.dtype)
        row = (classes == target).astype(prediction.dtype)
        valid = (target >= 0) & (target < prediction.shape[-1])
        return jnp.where(valid, row, jnp.full_like(row, jnp.nan))
    check_same_shape(prediction, target)
    return target.astype(prediction.dtype)
