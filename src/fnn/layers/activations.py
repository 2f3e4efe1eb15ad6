"""Activations: each function beside its hand-derived derivative.

Conventions at kinks (errata E1): the right branch needs x > 0, so ReLU has slope 0
at 0, as in PyTorch and `jax.nn.relu`.
"""

import abc
from typing import Any, ClassVar

import jax
import jax.numpy as jnp

from fnn._core.component import number
from fnn._core.trees import like
from fnn.initializers import He, Initializer, LeCun
from fnn.layers.base import Layer, Tree


class Elementwise(Layer):
    """a = f(z) for each entry: a subclass gives `function` and `derivative`.

    The derivative is written in terms of the output a, so that the tape holds nothing
    but a, which the next layer's tape holds as well. Then
    dC/dz = dC/da * f'(z), entry by entry.

    `initializer` draws the weights before this activation such that a signal neither
    fades nor grows from layer to layer, at least near zero.
    """

    initializer: ClassVar[Initializer] = LeCun()

    @abc.abstractmethod
    def function(self, z: jax.Array) -> jax.Array:
        """a = f(z)."""

    @abc.abstractmethod
    def derivative(self, a: jax.Array) -> jax.Array:
        """f'(z), from a = f(z)."""

    def forward(
        self, params: Tree, stats: Tree, x: jax.Array, key: jax.Array, train: bool
    ) -> tuple[jax.Array, Tree, Tree]:
        del params, key, train
        a = self.function(x)
        return a, stats, a

    def backward(
        self, params: Tree, tape: Tree, dy: jax.Array
    ) -> tuple[jax.Array, Tree]:
        del params
        return dy * self.derivative(tape), ()


class Identity(Elementwise):
    """a = z, with slope 1.

    Example:
        >>> Identity().function(jnp.array([-1.0, 2.0])).tolist()
        [-1.0, 2.0]
    """

    def function(self, z: jax.Array) -> jax.Array:
        return z

    def derivative(self, a: jax.Array) -> jax.Array:
        return jnp.ones_like(a)


class Sigmoid(Elementwise):
    """a = 1 / (1 + exp(-beta z)), with slope beta a (1 - a) (errata A3).

    Args:
        beta: steepness; the notes' g(h).

    Example:
        >>> Sigmoid().function(jnp.array([-100.0, 0.0, 100.0])).round(3).tolist()
        [0.0, 0.5, 1.0]
    """

    beta: Any = number(default=1.0)

    def function(self, z: jax.Array) -> jax.Array:
        return jax.nn.sigmoid(like(self.beta, z) * z)

    def derivative(self, a: jax.Array) -> jax.Array:
        return like(self.beta, a) * a * (1 - a)


class Tanh(Elementwise):
    """a = tanh(z), with slope 1 - a^2, computed as (1 - a)(1 + a).

    The product loses less than 1 - a^2 does when a is near 1.

    Example:
        >>> Tanh().function(jnp.array([0.0, 100.0])).tolist()
        [0.0, 1.0]
    """

    def function(self, z: jax.Array) -> jax.Array:
        return jnp.tanh(z)

    def derivative(self, a: jax.Array) -> jax.Array:
        return (1 - a) * (1 + a)


class ReLU(Elementwise):
    """a = z where z > 0, else 0; slope 1 where z > 0, else 0 (errata E1).

    Example:
        >>> ReLU().function(jnp.array([-1.0, 0.0, 2.0])).tolist()
        [0.0, 0.0, 2.0]
    """

    initializer: ClassVar[Initializer] = He()

    def function(self, z: jax.Array) -> jax.Array:
        return jnp.where(z > 0, z, jnp.zeros_like(z))

    def derivative(self, a: jax.Array) -> jax.Array:
        return (a > 0).astype(a.dtype)


class Softmax(Layer):
    """p_i = exp(z_i) / sum_j exp(z_j) over all entries of one example.

    Not elementwise: the Jacobian is diag(p) - p p^T, so

        dC/dz = p (dC/dp - p . dC/dp)

    without ever forming it (errata B6, E6). For classification leave it out and use
    `fnn.losses.SoftmaxCrossEntropy` on the logits, which cannot overflow.

    Example:
        >>> key = jax.random.key(0)
        >>> p, _, _ = Softmax().forward((), (), jnp.zeros(4), key, train=False)
        >>> p.tolist()
        [0.25, 0.25, 0.25, 0.25]
    """

    def forward(
        self, params: Tree, stats: Tree, x: jax.Array, key: jax.Array, train: bool
    ) -> tuple[jax.Array, Tree, Tree]:
        del params, key, train
        p = jax.nn.softmax(x)
        return p, stats, p

    def backward(
        self, params: Tree, tape: Tree, dy: jax.Array
    ) -> tuple[jax.Array, Tree]:
        del params
        p = tape
        return p * (dy - jnp.sum(p * dy)), ()
