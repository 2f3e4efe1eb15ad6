"""The contract of a loss: value beside hand-derived gradient, for one example."""

import abc
from typing import Any

import jax
import jax.numpy as jnp

from fnn._core.component import Component
from fnn._core.data_checks import (
    check_labels,
    check_probabilities,
    check_several_classes,
)
from fnn._core.layer_checks import check_same_shape
from fnn._core.trees import like


class Loss(Component, abc.ABC):
    """A scalar of one prediction and its target.

    The loss of a batch is the weighted mean of its examples' losses. Weights of
    classes are weights of examples: with the batch's weight
    `fnn.data.example_weights(y, fnn.data.class_weights(y))` it is
    sum_i w_{y_i} l_i / sum_i w_{y_i}, divided by the weights' sum (errata F12).
    """

    @abc.abstractmethod
    def value(self, prediction: jax.Array, target: jax.Array) -> jax.Array:
        """The loss of one example, a scalar."""

    @abc.abstractmethod
    def gradient(self, prediction: jax.Array, target: jax.Array) -> jax.Array:
        """The derivative of `value` in the prediction, of the prediction's shape."""

    def weighted_value(
        self, prediction: jax.Array, target: jax.Array, share: jax.Array
    ) -> jax.Array:
        """An example's part of the loss of its batch, which is the sum of the parts.

        The roads call this one. `share` is the example's weight over the sum of all
        weights. A loss of the batch that is no mean of its examples' losses, a ratio
        of sums over the axis "batch" as `Dice`, replaces it and its gradient.
        """
        return share * self.value(prediction, target)

    def weighted_gradient(
        self, prediction: jax.Array, target: jax.Array, share: jax.Array
    ) -> jax.Array:
        """The derivative of the loss of the batch in one example's prediction."""
        return share * self.gradient(prediction, target)

    def check_targets(self, prediction: Any, targets: Any) -> None:
        """Raise unless a batch of targets fits one example's prediction.

        Args:
            prediction: anything with the `shape` of one example's prediction.
            targets: (B, ...), concrete or traced.
        """
        check_same_shape(prediction, jax.eval_shape(lambda y: y[0], targets))


def check_classes(loss: Loss, prediction: Any, targets: Any) -> None:
    """Raise unless targets are labels (B,) or rows (B, K) of probabilities, K > 1."""
    check_several_classes(prediction)
    if targets.ndim == 1:
        check_labels(targets, prediction.shape[-1])
    else:
        Loss.check_targets(loss, prediction, targets)
        check_probabilities(targets)


def residual(prediction: jax.Array, target: jax.Array) -> jax.Array:
    """prediction - target, in the prediction's dtype: targets may be integers."""
    check_same_shape(prediction, target)
    return prediction - target.astype(prediction.dtype)


def is_label(target: Any) -> bool:
    """Whether a target is the number of a class, not a row with an entry for each."""
    return jnp.ndim(target) == 0 and jnp.issubdtype(
        jnp.result_type(target), jnp.integer
    )


def is_class(prediction: jax.Array, label: jax.Array) -> jax.Array:
    """Whether a label is the number of one of the prediction's classes."""
    label = _as_int32(label)
    return (label >= 0) & (label < prediction.shape[-1])


def row(prediction: jax.Array, target: jax.Array) -> jax.Array:
    """The target as a row of probabilities; NaN for a label that is no class."""
    if is_label(target):
        one_hot = label_mask(prediction, target).astype(prediction.dtype)
        # Not a product: XLA makes a choice of one with a mask, 0 where NaN is due.
        return jnp.where(is_class(prediction, target), one_hot, jnp.nan)
    target = jnp.asarray(target)
    check_same_shape(prediction, target)
    return target.astype(prediction.dtype)


def label_mask(prediction: jax.Array, label: jax.Array) -> jax.Array:
    """True at a label's class, False at the others."""
    return jnp.arange(prediction.shape[-1], dtype=jnp.int32) == _as_int32(label)


def _as_int32(label: jax.Array) -> jax.Array:
    # Not in the labels' own dtype: 300 classes do not fit one of 8 bits.
    return jnp.asarray(label).astype(jnp.int32)


def times(y: jax.Array, value: jax.Array) -> jax.Array:
    """y * value, and 0 where y is 0 though the value be infinite (errata F5)."""
    absent = y == 0
    return jnp.where(absent, 0, y * jnp.where(absent, 0, value))


def fade(q: jax.Array, gamma: Any) -> jax.Array:
    """q^gamma for a probability q: 0^0 is 1, and the slope at q = 0 is not infinite."""
    gamma = like(gamma, q)
    none = q == 0
    power = jnp.power(jnp.where(none, 1, q), gamma)
    return jnp.where(none & (gamma > 0), 0, power)
