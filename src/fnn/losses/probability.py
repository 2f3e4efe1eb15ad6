"""Cross-entropies on probabilities, in nats: for models that end in their own softmax.

A log of 0 is infinite, and in float32 a softmax or sigmoid does give exact 0s and 1s.
Below `floor` the logarithm is therefore continued by its tangent,

    log p = log floor - 1 + p / floor    for p < floor,

so that loss and gradient are finite, continuous and those of each other everywhere.
PyTorch cuts the log at -100 instead, Keras p at 1e-7, where the gradient is lost
(errata F6). The losses on logits need no floor, and are right at all of them: prefer
`SoftmaxCrossEntropy` and `SigmoidCrossEntropy`.
"""

from typing import Any

import jax
import jax.numpy as jnp

from fnn._core.component import number
from fnn._core.data_checks import check_probabilities
from fnn._core.layer_checks import check_same_shape
from fnn._core.trees import like
from fnn.losses.base import Loss, check_classes, row, times


class CategoricalCrossEntropy(Loss):
    """-sum_k y_k log p_k for probabilities p of shape (K,), with 0 log 0 = 0.

    The target is an integer label, or a row y of K probabilities. p should sum to 1;
    nothing is normalized (errata F5), where Keras divides p by its sum. Gradient:
    -y / p, and -y / floor where p is less.

    Args:
        floor: below it the logarithm is continued by its tangent.

    Example:
        >>> loss = CategoricalCrossEntropy()
        >>> p = jnp.array([0.0, 0.5, 0.5])
        >>> round(float(loss.value(p, jnp.array(1))), 4)
        0.6931
        >>> loss.gradient(p, jnp.array([0.0, 0.5, 0.5])).tolist()
        [-0.0, -1.0, -1.0]
    """

    floor: Any = number(default=1e-12, above=0, below=1)

    def value(self, prediction: jax.Array, target: jax.Array) -> jax.Array:
        y = row(prediction, target)
        return -jnp.sum(times(y, _log(prediction, self.floor)))

    def gradient(self, prediction: jax.Array, target: jax.Array) -> jax.Array:
        y = row(prediction, target)
        return -y / _at_least(prediction, self.floor)

    def check_targets(self, prediction: Any, targets: Any) -> None:
        check_classes(self, prediction, targets)


class BinaryCrossEntropy(Loss):
    """sum_k -(y_k log p_k + (1 - y_k) log(1 - p_k)) for probabilities p of shape (K,).

    K yes-or-no answers (errata A9, F6), summed: K times the mean of PyTorch and Keras;
    0 log 0 = 0. Gradient: (1 - y) / (1 - p) - y / p, each denominator at least `floor`.

    The target has the shape of p and holds 0 and 1, or probabilities.

    Args:
        floor: below it the logarithm is continued by its tangent.

    Example:
        >>> loss = BinaryCrossEntropy()
        >>> p, y = jnp.array([0.5, 0.0, 1.0]), jnp.array([1.0, 0.0, 1.0])
        >>> round(float(loss.value(p, y)), 4), loss.gradient(p, y).tolist()
        (0.6931, [-2.0, 1.0, -1.0])
    """

    floor: Any = number(default=1e-12, above=0, below=1)

    def value(self, prediction: jax.Array, target: jax.Array) -> jax.Array:
        check_same_shape(prediction, target)
        p, y = prediction, target.astype(prediction.dtype)
        yes, no = times(y, self._log(p, 1 - p)), times(1 - y, self._log(1 - p, p))
        return -jnp.sum(yes + no)

    def gradient(self, prediction: jax.Array, target: jax.Array) -> jax.Array:
        p, y = prediction, target.astype(prediction.dtype)
        yes, no = y / _at_least(p, self.floor), (1 - y) / _at_least(1 - p, self.floor)
        return no - yes

    def check_targets(self, prediction: Any, targets: Any) -> None:
        super().check_targets(prediction, targets)
        check_probabilities(targets)

    def _log(self, p: jax.Array, complement: jax.Array) -> jax.Array:
        """log p; near 1 by its complement, which 1 - p would have rounded."""
        near = complement < 0.5
        safe = jnp.where(near, complement, 0)
        return jnp.where(near, jnp.log1p(-safe), _log(p, self.floor))


def _log(p: jax.Array, floor: Any) -> jax.Array:
    """log p, below the floor its tangent there."""
    floor = _floor(p, floor)
    tangent = jnp.log(floor) - 1 + p / floor
    return jnp.where(p < floor, tangent, jnp.log(_at_least(p, floor)))


def _at_least(p: jax.Array, floor: Any) -> jax.Array:
    floor = _floor(p, floor)
    return jnp.where(p < floor, floor, p)


def _floor(p: jax.Array, floor: Any) -> jax.Array:
    """The floor in the dtype of p; no less than the least normal number there."""
    return jnp.maximum(like(floor, p), float(jnp.finfo(p.dtype).tiny))
