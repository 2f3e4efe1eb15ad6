"""Losses of overlap, over the whole batch: Dice and Tversky.

For probabilities p and targets y in [0, 1], summed over all entries of all examples b:

    hits = sum w_b p y,    false = sum w_b p (1 - y),    missed = sum w_b (1 - p) y.

A batch without weights has w = 1; with weights, w are those scaled to a mean of 1 over
the examples whose weight is not 0: padding changes nothing, nor does a common factor.
A ratio of sums is no mean of the examples' losses, so these have `weighted_value` and
`weighted_gradient` of their own; `value` and `gradient` are those of one example alone.
"""

import abc
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from fnn._core.batch_axis import batch_sum
from fnn._core.component import number
from fnn._core.data_checks import check_probabilities
from fnn._core.layer_checks import check_same_shape
from fnn._core.trees import like
from fnn.losses.base import Loss

_Sum = Callable[[jax.Array], jax.Array]


class _Overlap(Loss):
    """U / D, U = a false + b missed, D = hits + U + s, with (a, b, s) of a subclass.

    Gradient: with dU/dp = w (a (1 - y) - b y) and dD/dp = w y + dU/dp,

        dl/dp = (dU/dp - l dD/dp) / D.

    1 - (hits + s) / D is the same, but cancels where the overlap is good.
    """

    def value(self, prediction: jax.Array, target: jax.Array) -> jax.Array:
        one = jnp.ones((), prediction.dtype)
        return self._ratio(prediction, target, one, _alone)[0]

    def gradient(self, prediction: jax.Array, target: jax.Array) -> jax.Array:
        one = jnp.ones((), prediction.dtype)
        return self._slope(prediction, target, one, _alone)

    def weighted_value(
        self, prediction: jax.Array, target: jax.Array, share: jax.Array
    ) -> jax.Array:
        return share * self._ratio(prediction, target, _scaled(share), batch_sum)[0]

    def weighted_gradient(
        self, prediction: jax.Array, target: jax.Array, share: jax.Array
    ) -> jax.Array:
        return self._slope(prediction, target, _scaled(share), batch_sum)

    def check_targets(self, prediction: Any, targets: Any) -> None:
        super().check_targets(prediction, targets)
        check_probabilities(targets)

    @abc.abstractmethod
    def _prices(self, p: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
        """(a, b, s) in the prediction's dtype."""

    def _ratio(
        self, p: jax.Array, target: jax.Array, weight: jax.Array, total: _Sum
    ) -> tuple[jax.Array, jax.Array]:
        """(U / D, D)."""
        check_same_shape(p, target)
        y = target.astype(p.dtype)
        a, b, s = self._prices(p)
        hits = total(weight * jnp.sum(p * y))
        wrong = total(weight * jnp.sum(a * p * (1 - y) + b * (1 - p) * y))
        whole = hits + wrong + s
        return wrong / whole, whole

    def _slope(
        self, p: jax.Array, target: jax.Array, weight: jax.Array, total: _Sum
    ) -> jax.Array:
        value, whole = self._ratio(p, target, weight, total)
        y = target.astype(p.dtype)
        a, b, _ = self._prices(p)
        wrong = a * (1 - y) - b * y
        return weight * (wrong - value * (y + wrong)) / whole


class Dice(_Overlap):
    """1 - (2 sum p y + s) / (sum p + sum y + s) over the whole batch (errata F11).

    For probabilities p of shape (K,), after a sigmoid or a softmax, and targets of the
    same shape. Few positives count as much as many negatives. Gradient: with V the
    value and D the denominator, w (1 - 2 y - V) / D. `Tversky` with alpha = beta = 1/2
    and half the smooth is the same.

    Args:
        smooth: s, which keeps an empty batch from 0 / 0.

    Example:
        >>> loss = Dice()
        >>> p, y = jnp.array([1.0, 0.5, 0.0]), jnp.array([1.0, 0.0, 0.0])
        >>> round(float(loss.value(p, y)), 4)
        0.1429
        >>> [round(g, 4) for g in loss.gradient(p, y).tolist()]
        [-0.3265, 0.2449, 0.2449]
    """

    smooth: Any = number(default=1.0, above=0)

    def _prices(self, p: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
        half = like(0.5, p)
        return half, half, like(self.smooth, p) / 2


class Tversky(_Overlap):
    """1 - (hits + s) / (hits + alpha false + beta missed + s) over the whole batch.

    For probabilities p of shape (K,), after a sigmoid or a softmax, and targets of the
    same shape. Salehi et al. 2017, "Tversky Loss Function for Image Segmentation";
    alpha and beta as there: beta above alpha looks for what is missed.

    Args:
        alpha: the price of a false alarm.
        beta: the price of a miss.
        smooth: s, which keeps an empty batch from 0 / 0.

    Example:
        >>> loss = Tversky(alpha=0.25, beta=0.75)
        >>> p, y = jnp.array([1.0, 0.5, 0.0]), jnp.array([1.0, 0.0, 1.0])
        >>> round(float(loss.value(p, y)), 4)
        0.3043
    """

    alpha: Any = number(default=0.3, at_least=0)
    beta: Any = number(default=0.7, at_least=0)
    smooth: Any = number(default=1.0, above=0)

    def _prices(self, p: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
        return like(self.alpha, p), like(self.beta, p), like(self.smooth, p)


def _scaled(share: jax.Array) -> jax.Array:
    """An example's weight, with mean 1 over the examples whose share is not 0."""
    return share * batch_sum((share > 0).astype(share.dtype))


def _alone(value: jax.Array) -> jax.Array:
    return value
