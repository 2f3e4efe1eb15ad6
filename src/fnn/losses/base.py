"""The contract of a loss: value beside hand-derived gradient, for one example."""

import abc
from typing import Any

import jax

from fnn._core.component import Component
from fnn._core.layer_checks import check_same_shape


class Loss(Component, abc.ABC):
    """A scalar of one prediction and its target.

    The loss of a batch is the weighted mean of its examples' losses.
    """

    @abc.abstractmethod
    def value(self, prediction: jax.Array, target: jax.Array) -> jax.Array:
        """The loss of one example, a scalar."""

    @abc.abstractmethod
    def gradient(self, prediction: jax.Array, target: jax.Array) -> jax.Array:
        """The derivative of `value` in the prediction, of the prediction's shape."""

    def check_targets(self, prediction: Any, targets: Any) -> None:
        """Raise unless a batch of targets fits one example's prediction.

        Args:
            prediction: anything with the `shape` of one example's prediction.
            targets: (B, ...), concrete or traced.
        """
        check_same_shape(prediction, jax.eval_shape(lambda y: y[0], targets))
