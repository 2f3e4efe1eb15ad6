"""The classical activations: each function beside its hand-derived derivative.

Rectifiers, swish and GELU have files of their own. Convention at kinks, everywhere
(errata E1): the right branch needs x > 0, so ReLU has slope 0 at 0, as in PyTorch and
`jax.nn.relu`.
"""

from typing import Any, NoReturn

import jax
import jax.numpy as jnp

from fnn._core.component import number
from fnn._core.trees import like
from fnn.layers.base import Elementwise, Layer, Tree


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


class Heaviside(Elementwise):
    """The threshold unit: a = 1 where z > 0, else 0 (errata D1).

    For networks whose weights are set by hand, such as McCulloch and Pitts'. It has
    no derivative to train with: 0 everywhere, and none at 0. Both roads refuse,
    where a derivative of 0 would leave every weight before it silently where it is.

    Raises:
        TypeError: a derivative is asked for.

    Example:
        >>> Heaviside().function(jnp.array([-1.0, 0.0, 2.0])).tolist()
        [0.0, 0.0, 1.0]
    """

    def function(self, z: jax.Array) -> jax.Array:
        return _heaviside(z)

    def derivative(self, a: jax.Array) -> NoReturn:
        _refuse_derivative()


@jax.custom_jvp
def _heaviside(z: jax.Array) -> jax.Array:
    return (z > 0).astype(z.dtype)


@_heaviside.defjvp
def _heaviside_jvp(primals: Tree, tangents: Tree) -> NoReturn:
    """Autodiff comes here while it traces, before anything is computed."""
    del primals, tangents
    _refuse_derivative()


def _refuse_derivative() -> NoReturn:
    raise TypeError(
        "Heaviside has no derivative to train with: its slope is 0 wherever it has "
        "one. Train with fnn.layers.Sigmoid(beta), which tends to it for large beta."
    )


class Sigmoid(Elementwise):
    """a = 1 / (1 + exp(-beta z)), with slope beta a (1 - a) (errata A3).

    Args:
        beta: steepness; the notes' g(h).

    Example:
        >>> Sigmoid().function(jnp.array([-100.0, 0.0, 100.0])).round(3).tolist()
        [0.0, 0.5, 1.0]
    """

    beta: Any = number(default=1.0)

    @property
    def steepest(self) -> Any:
        return abs(self.beta) / 4

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

    @property
    def steepest(self) -> Any:
        return 1.0

    def function(self, z: jax.Array) -> jax.Array:
        return jnp.tanh(z)

    def derivative(self, a: jax.Array) -> jax.Array:
        return (1 - a) * (1 + a)


class Softplus(Elementwise):
    """a = log(1 + exp(z)), a smooth ReLU, with slope sigmoid(z) = 1 - exp(-a).

    From exp(a) = 1 + exp(z): sigmoid(z) = exp(z) / (1 + exp(z)) = 1 - exp(-a), where
    expm1 loses nothing. The function is max(z, 0) + log(1 + exp(-|z|)), which cannot
    overflow (errata E10).

    Example:
        >>> a = Softplus().function(jnp.array([-100.0, 0.0, 100.0]))
        >>> [round(float(entry), 3) for entry in a]
        [0.0, 0.693, 100.0]
    """

    def function(self, z: jax.Array) -> jax.Array:
        return jnp.logaddexp(z, jnp.zeros_like(z))

    def derivative(self, a: jax.Array) -> jax.Array:
        return -jnp.expm1(-a)


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
