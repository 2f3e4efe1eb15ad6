"""Maxout."""

from typing import Any

import jax
import jax.numpy as jnp

from fnn._core.batch_axis import batch_sum, outer_sum
from fnn._core.checks import check_size
from fnn._core.component import static
from fnn._core.layer_checks import check_input
from fnn._core.products import product
from fnn.initializers import Initializer, LeCun, Zeros
from fnn.layers.base import Layer, Tree


class Maxout(Layer):
    """y_o = max_k z_ok: the largest of k affine maps z_ok = sum_i x_i W_iok + b_ok.

    Convex and piecewise linear in x. It has k times the parameters of a Dense, not
    twice (errata E9).

    Parameters: {"w": (n_in, n_out, pieces), "b": (n_out, pieces)}.

    Derivation. Let m_ok be 1 / (number of largest pieces) for the pieces k with
    z_ok = y_o and 0 for the others: ties share, as in `jnp.max`. With
    delta_ok = dC/dz_ok = m_ok dC/dy_o,

        dC/dx_i   = sum_o sum_k W_iok delta_ok
        dC/dW_iok = sum_b x_bi delta_bok
        dC/db_ok  = sum_b delta_bok

    each one matrix product, (o, k) taken as one index.
    Source: Goodfellow et al., 2013.

    Args:
        n_in: number of inputs.
        n_out: number of outputs.
        pieces: number of affine maps behind each output.
        weight_initializer: draws each piece's W. The larger of two equal normal
            variables has their mean square, so LeCun keeps a signal with 2 pieces.
        bias_initializer: draws each piece's b.

    Raises:
        ShapeError: a ValueError; x is not of shape (n_in,).

    Example:
        >>> layer = Maxout(3, 2, pieces=4)
        >>> params, stats = layer.init(jax.random.key(0))
        >>> params["w"].shape, params["b"].shape
        ((3, 2, 4), (2, 4))
    """

    n_in: int = static()
    n_out: int = static()
    pieces: int = static()
    weight_initializer: Initializer = LeCun()
    bias_initializer: Initializer = Zeros()

    def __post_init__(self) -> None:
        super().__post_init__()
        check_size("Maxout.n_in", self.n_in)
        check_size("Maxout.n_out", self.n_out)
        check_size("Maxout.pieces", self.pieces)

    def init(self, key: jax.Array) -> tuple[Tree, Tree]:
        dtype = jnp.result_type(float)

        def piece(key: jax.Array) -> dict[str, Any]:
            weight_key, bias_key = jax.random.split(key)
            shape = (self.n_in, self.n_out)
            return {
                "w": self.weight_initializer(weight_key, shape, dtype),
                "b": self.bias_initializer(bias_key, shape[1:], dtype),
            }

        return jax.vmap(piece, out_axes=-1)(jax.random.split(key, self.pieces)), ()

    def forward(
        self, params: Tree, stats: Tree, x: jax.Array, key: jax.Array, train: bool
    ) -> tuple[jax.Array, Tree, Tree]:
        del key, train
        check_input(self, self.n_in, x)
        z = product("i,io->o", x, self._matrix(params))
        z = z.reshape(self.n_out, self.pieces) + params["b"]
        y = jnp.max(z, axis=1)
        return y, stats, (x, z == y[:, None])

    def backward(
        self, params: Tree, tape: Tree, dy: jax.Array
    ) -> tuple[jax.Array, Tree]:
        x, largest = tape
        m = largest.astype(dy.dtype)
        delta = m * (dy / jnp.sum(m, axis=1))[:, None]
        flat = delta.reshape(-1)
        dw = outer_sum(x, flat).reshape(params["w"].shape)
        dx = product("o,io->i", flat, self._matrix(params))
        return dx, {"w": dw, "b": batch_sum(delta)}

    def _matrix(self, params: Tree) -> jax.Array:
        return params["w"].reshape(self.n_in, self.n_out * self.pieces)
