"""Rectifiers: the identity where z > 0, something smaller elsewhere.

Conventions at kinks (errata E1 to E3): the right branch needs z > 0, so the slope at
0 is the left one. Always `where`, never `maximum`, whose derivative at a tie is a half.
"""

from typing import Any

import jax
import jax.numpy as jnp

from fnn._core.batch_axis import batch_sum
from fnn._core.component import number
from fnn._core.trees import like
from fnn.initializers import He, Initializer, VarianceScaling
from fnn.layers.base import Elementwise, Layer, Tree


class ReLU(Elementwise):
    """a = z where z > 0, else 0; slope 1 where z > 0, else 0 (errata E1).

    Example:
        >>> ReLU().function(jnp.array([-1.0, 0.0, 2.0])).tolist()
        [0.0, 0.0, 2.0]
    """

    needs_sign = True

    @property
    def initializer(self) -> Initializer:
        return He()

    def function(self, z: jax.Array) -> jax.Array:
        return jnp.where(z > 0, z, jnp.zeros_like(z))

    def derivative(self, a: jax.Array) -> jax.Array:
        return (a > 0).astype(a.dtype)


class LeakyReLU(Elementwise):
    """a = z where z > 0, else slope z; slope 1 where z > 0, else `slope`.

    Not max(slope z, z), which swaps the sides where slope > 1 (errata E2, E3). A slope
    of at least 0 lets the sign of z be read off a.

    Weights before it have variance 2 / (1 + slope^2) / n_in: half the squared signal
    passes whole, half times slope^2. Source: Maas, Hannun and Ng, 2013.

    Args:
        slope: where z <= 0.

    Example:
        >>> LeakyReLU(0.5).function(jnp.array([-1.0, 0.0, 2.0])).tolist()
        [-0.5, 0.0, 2.0]
    """

    needs_sign = True
    slope: Any = number(default=0.01, at_least=0)

    @property
    def initializer(self) -> Initializer:
        return _keeping_the_signal(self.slope)

    def function(self, z: jax.Array) -> jax.Array:
        return jnp.where(z > 0, z, like(self.slope, z) * z)

    def derivative(self, a: jax.Array) -> jax.Array:
        return jnp.where(a > 0, jnp.ones_like(a), like(self.slope, a))


class PReLU(Layer):
    """LeakyReLU whose slope for z <= 0 is learned, one slope for the layer.

    Parameters: {"slope": ()}. It is not a weight: penalties leave it alone.

    Derivation. With a = z where z > 0, else slope z, and sums over the entries i,

        dC/dz_i   = dC/da_i where z_i > 0, else slope dC/da_i
        dC/dslope = sum_b sum_i dC/da_bi min(z_bi, 0)

    A learned slope may turn negative, so the sign of z cannot be read off a and the
    tape holds z. Source: He et al., 2015 (errata E2).

    Args:
        slope: what it starts with.

    Example:
        >>> layer = PReLU()
        >>> params, stats = layer.init(jax.random.key(0))
        >>> key, z = jax.random.key(0), jnp.array([-2.0, 0.0, 2.0])
        >>> layer.forward(params, stats, z, key, train=True)[0].tolist()
        [-0.5, 0.0, 2.0]
    """

    slope: Any = number(default=0.25)

    @property
    def initializer(self) -> Initializer:
        """Of the weights before this activation."""
        return _keeping_the_signal(self.slope)

    def init(self, key: jax.Array) -> tuple[Tree, Tree]:
        del key
        return {"slope": jnp.asarray(self.slope, jnp.result_type(float))}, ()

    def forward(
        self, params: Tree, stats: Tree, x: jax.Array, key: jax.Array, train: bool
    ) -> tuple[jax.Array, Tree, Tree]:
        del key, train
        return jnp.where(x > 0, x, params["slope"] * x), stats, x

    def backward(
        self, params: Tree, tape: Tree, dy: jax.Array
    ) -> tuple[jax.Array, Tree]:
        z = tape
        dz = jnp.where(z > 0, dy, params["slope"] * dy)
        dslope = jnp.where(z > 0, jnp.zeros_like(z), z * dy)
        return dz, {"slope": batch_sum(jnp.sum(dslope))}


class ELU(Elementwise):
    """a = z where z > 0, else alpha (exp(z) - 1); slope 1, else a + alpha.

    For z <= 0 the slope alpha exp(z) is a + alpha, so the output is enough. For
    alpha = 1 the slope is continuous (errata E5). Source: Clevert et al., 2016.

    Args:
        alpha: a tends to -alpha for z to minus infinity; also the slope at 0.

    Example:
        >>> ELU().function(jnp.array([-100.0, 0.0, 2.0])).tolist()
        [-1.0, 0.0, 2.0]
    """

    alpha: Any = number(default=1.0, above=0)

    def function(self, z: jax.Array) -> jax.Array:
        return jnp.where(z > 0, z, like(self.alpha, z) * _expm1_left(z))

    def derivative(self, a: jax.Array) -> jax.Array:
        return jnp.where(a > 0, jnp.ones_like(a), a + like(self.alpha, a))


# The fixed point of mean 0 and variance 1 under N(0, 1) weights (errata E16).
_SELU_SCALE = 1.0507009873554804934193349852946
_SELU_ALPHA = 1.6732632423543772848170429916717


class SELU(Elementwise):
    """a = s ELU(z) with alpha, s such that mean 0 and variance 1 reproduce themselves.

    s = 1.0507..., alpha = 1.6732...: with weights of variance 1 / n_in (LeCun), inputs
    of mean 0 and variance 1 stay so from layer to layer, without normalization.
    Slope s where z > 0, else s alpha exp(z) = a + s alpha.
    Source: Klambauer et al., 2017.

    Example:
        >>> a = SELU().function(jnp.array([-100.0, 0.0, 1.0]))
        >>> [round(float(entry), 4) for entry in a]
        [-1.7581, 0.0, 1.0507]
    """

    def function(self, z: jax.Array) -> jax.Array:
        scale, floor = like(_SELU_SCALE, z), like(_SELU_SCALE * _SELU_ALPHA, z)
        return jnp.where(z > 0, scale * z, floor * _expm1_left(z))

    def derivative(self, a: jax.Array) -> jax.Array:
        scale, floor = like(_SELU_SCALE, a), like(_SELU_SCALE * _SELU_ALPHA, a)
        return jnp.where(a > 0, scale, a + floor)


def _expm1_left(z: jax.Array) -> jax.Array:
    """exp(z) - 1 for z <= 0; where z > 0 something finite, with a finite slope.

    `where` does not stop a NaN of the branch not taken: inf times 0.
    """
    return jnp.expm1(jnp.where(z > 0, jnp.zeros_like(z), z))


def _keeping_the_signal(slope: Any) -> VarianceScaling:
    return VarianceScaling(2 / (1 + slope**2))
