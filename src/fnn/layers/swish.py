"""z times a sigmoid: swish, its steepness given or learned, and GELU by tanh."""

import math
from typing import Any

import jax
import jax.numpy as jnp

from fnn._core.batch_axis import batch_sum
from fnn._core.component import number
from fnn._core.trees import like
from fnn.layers.base import Elementwise, Layer, Tree


class Swish(Elementwise):
    """a = z sigmoid(beta z), also known as SiLU for beta = 1.

    Derivation. With s = sigmoid(beta z) and s' = beta s (1 - s),

        da/dz = s + beta z s (1 - s) = s (1 + beta z (1 - s))

    (errata E8). a falls and rises again, so z cannot be had from it and the tape holds
    z.
    Source: Ramachandran, Zoph and Le, 2017; Elfwing, Uchibe and Doya, 2018.

    Args:
        beta: 0 makes it z / 2, large values ReLU.

    Example:
        >>> a = Swish().function(jnp.array([-1.0, 0.0, 100.0]))
        >>> [round(float(entry), 3) for entry in a]
        [-0.269, 0.0, 100.0]
    """

    needs_input = True
    beta: Any = number(default=1.0)

    def function(self, z: jax.Array) -> jax.Array:
        return _times_sigmoid(z, like(self.beta, z) * z)

    def derivative(self, z: jax.Array) -> jax.Array:
        v = like(self.beta, z) * z
        return _slope(v, v)


class LearnedSwish(Layer):
    """Swish whose beta is learned, one for the layer.

    Parameters: {"beta": ()}. It is not a weight: penalties leave it alone.

    Derivation. As `Swish` in z; with s = sigmoid(beta z) and sums over the entries i,

        dC/dbeta = sum_b sum_i dC/da_bi z_bi^2 s_bi (1 - s_bi)

    (errata E8), computed as (z s) (z (1 - s)), as z^2 may overflow.

    Args:
        beta: what it starts with.

    Example:
        >>> params, stats = LearnedSwish().init(jax.random.key(0))
        >>> float(params["beta"])
        1.0
    """

    beta: Any = number(default=1.0)

    def init(self, key: jax.Array) -> tuple[Tree, Tree]:
        del key
        return {"beta": jnp.asarray(self.beta, jnp.result_type(float))}, ()

    def forward(
        self, params: Tree, stats: Tree, x: jax.Array, key: jax.Array, train: bool
    ) -> tuple[jax.Array, Tree, Tree]:
        del key, train
        return _times_sigmoid(x, params["beta"] * x), stats, x

    def backward(
        self, params: Tree, tape: Tree, dy: jax.Array
    ) -> tuple[jax.Array, Tree]:
        z, v = tape, params["beta"] * tape
        dbeta = dy * _times_sigmoid(z, v) * _times_sigmoid(z, -v)
        return dy * _slope(v, v), {"beta": batch_sum(jnp.sum(dbeta))}


_STRETCH = 2 * math.sqrt(2 / math.pi)
_CUBIC = 0.044715
# Beyond this, GELU's sigmoid is 0 or 1 in every dtype, and z^3 still finite.
_FAR = 40.0


class GELUTanh(Elementwise):
    """a = z (1 + tanh(u)) / 2 with u = sqrt(2 / pi) (z + 0.044715 z^3).

    The approximation of GELU that many trained networks were made with; it differs
    from `GELU` by up to 5e-4 (errata E17).

    Derivation. (1 + tanh(u)) / 2 = sigmoid(v) = s with v = 2 u, which does not cancel
    for negative z. Then da/dz = s + z v' s (1 - s) = s (1 + z v' (1 - s)), with
    v' = 2 sqrt(2 / pi) (1 + 3 * 0.044715 z^2). The tape holds z.
    Source: Hendrycks and Gimpel, 2016.

    Example:
        >>> a = GELUTanh().function(jnp.array([-1.0, 0.0, 1.0]))
        >>> [round(float(entry), 4) for entry in a]
        [-0.1588, 0.0, 0.8412]
    """

    needs_input = True

    def function(self, z: jax.Array) -> jax.Array:
        near = jnp.clip(z, -_FAR, _FAR)
        v = like(_STRETCH, z) * near * (1 + like(_CUBIC, z) * near * near)
        return _times_sigmoid(z, v)

    def derivative(self, z: jax.Array) -> jax.Array:
        z = jnp.clip(z, -_FAR, _FAR)
        linear, cubic = like(_STRETCH, z) * z, like(_CUBIC, z) * z * z
        return _slope(linear * (1 + 3 * cubic), linear * (1 + cubic))


def _slope(u: jax.Array, v: jax.Array) -> jax.Array:
    """s (1 + u (1 - s)) with s = sigmoid(v): the slope of z s where u = z dv/dz.

    1 - s is computed as sigmoid(-v), which does not cancel.
    """
    # Infinity times 0 is NaN; at 2000 the slope is 0 or 1 in every dtype.
    u = jnp.clip(u, -2000, 2000)
    return _times_sigmoid(1 + u * jax.nn.sigmoid(-v), v)


def _times_sigmoid(z: jax.Array, v: jax.Array) -> jax.Array:
    """z sigmoid(v), also where sigmoid(v) alone would vanish.

    With e = exp(-|v| / 2): z / (1 + e^2) where v > 0, else z e^2 / (1 + e^2). Times z
    before it is squared, e^2 reaches as far as the product does.
    """
    e = jnp.exp(-jnp.where(v > 0, v, -v) / 2)
    return jnp.where(v > 0, z, z * e * e) / (1 + e * e)
