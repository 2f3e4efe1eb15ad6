"""Penalties on the weights, value beside gradient.

Only weight matrices count, the parameters named "w": biases, the scales and shifts
of normalization and learned slopes are left alone (errata H2).
"""

import abc
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from fnn._core.component import Component, number
from fnn._core.trees import like, map_weights, weights, widest_dtype


class Penalty(Component, abc.ABC):
    """Added once to the loss of a batch."""

    @abc.abstractmethod
    def value(self, params: Any) -> jax.Array:
        """The penalty of a parameter tree, a scalar."""

    @abc.abstractmethod
    def gradient(self, params: Any) -> Any:
        """Its derivative, a tree like `params`."""


class L1(Penalty):
    """strength * sum |w|; slope 0 at w = 0.

    Gradient steps bring weights near zero, not to it (errata H1).
    `jnp.abs` has slope 1 at 0 in JAX, so the value is written as w sign(w).

    Example:
        >>> params = {"w": jnp.array([[1.0, -2.0]]), "b": jnp.array([3.0])}
        >>> float(L1(0.5).value(params)), L1(0.5).gradient(params)["w"].tolist()
        (1.5, [[0.5, -0.5]])
    """

    strength: Any = number(at_least=0)

    def value(self, params: Any) -> jax.Array:
        total = _total(lambda w: w * jnp.sign(w), params)
        return like(self.strength, total) * total

    def gradient(self, params: Any) -> Any:
        return map_weights(lambda w: like(self.strength, w) * jnp.sign(w), params)


class L2(Penalty):
    """strength / 2 * sum w^2, with the gradient strength * w.

    Under plain gradient descent this is the `weight_decay` of PyTorch; under Adam it
    is not decoupled weight decay (errata H2). Keras has no 1/2: its strength is half.

    Example:
        >>> params = {"w": jnp.array([[1.0, -2.0]]), "b": jnp.array([3.0])}
        >>> float(L2(0.5).value(params)), L2(0.5).gradient(params)["w"].tolist()
        (1.25, [[0.5, -1.0]])
    """

    strength: Any = number(at_least=0)

    def value(self, params: Any) -> jax.Array:
        total = _total(jnp.square, params)
        return like(self.strength, total) * total / 2

    def gradient(self, params: Any) -> Any:
        return map_weights(lambda w: like(self.strength, w) * w, params)


class ElasticNet(Penalty):
    """l1 * sum |w| + l2 / 2 * sum w^2, with the gradient l1 sign(w) + l2 w.

    `L1(l1)` and `L2(l2)` together; slope 0 at w = 0. Zou and Hastie 2005,
    "Regularization and Variable Selection via the Elastic Net". In scikit-learn's
    letters l1 is alpha * l1_ratio and l2 is alpha * (1 - l1_ratio).

    Args:
        l1: strength of the absolute values.
        l2: strength of the squares.

    Example:
        >>> params = {"w": jnp.array([[1.0, -2.0]]), "b": jnp.array([3.0])}
        >>> penalty = ElasticNet(l1=0.5, l2=0.25)
        >>> float(penalty.value(params)), penalty.gradient(params)["w"].tolist()
        (2.125, [[0.75, -1.0]])
    """

    l1: Any = number(at_least=0)
    l2: Any = number(at_least=0)

    def value(self, params: Any) -> jax.Array:
        return L1(self.l1).value(params) + L2(self.l2).value(params)

    def gradient(self, params: Any) -> Any:
        return map_weights(
            lambda w: like(self.l1, w) * jnp.sign(w) + like(self.l2, w) * w, params
        )


def _total(function: Callable[[jax.Array], jax.Array], params: Any) -> jax.Array:
    """The sum of a function of each weight, in float32 or the widest weight's dtype."""
    matrices = weights(params)
    dtype = widest_dtype(matrices)
    sums = (jnp.sum(function(w.astype(dtype))) for w in matrices)
    return sum(sums, jnp.zeros((), dtype))
