"""The affine map."""

from typing import Any

import jax
import jax.numpy as jnp

from fnn._core.batch_axis import batch_sum, outer_sum
from fnn._core.checks import check_size
from fnn._core.component import static
from fnn._core.layer_checks import check_input
from fnn._core.products import product
from fnn.initializers import Glorot, Initializer, Zeros
from fnn.layers.base import Layer, Tree


class Dense(Layer):
    """z = x W + b, with W of shape (n_in, n_out) and b of shape (n_out,).

    Parameters: {"w": (n_in, n_out), "b": (n_out,)}, or {"w"} without bias, in the
    default float dtype.

    Derivation. With z_o = sum_i x_i W_io + b_o and delta_o = dC/dz_o,

        dC/dx_i  = sum_o W_io delta_o
        dC/dW_io = sum_b x_bi delta_bo
        dC/db_o  = sum_b delta_bo

    Source: BP1 to BP4 of the notes, transposed (errata B1 to B9).

    Args:
        n_in: number of inputs.
        n_out: number of outputs.
        bias: whether there is a b; leave it out before a batch norm, which
            subtracts it again.
        weight_initializer: draws W.
        bias_initializer: draws b.

    Raises:
        ShapeError: a ValueError; x is not of shape (n_in,).

    Example:
        >>> layer = Dense(3, 2)
        >>> params, stats = layer.init(jax.random.key(0))
        >>> params["w"].shape, params["b"].shape
        ((3, 2), (2,))
    """

    n_in: int = static()
    n_out: int = static()
    bias: bool = static(default=True)
    weight_initializer: Initializer = Glorot()
    bias_initializer: Initializer = Zeros()

    def __post_init__(self) -> None:
        super().__post_init__()
        check_size("Dense.n_in", self.n_in)
        check_size("Dense.n_out", self.n_out)

    def init(self, key: jax.Array) -> tuple[Tree, Tree]:
        weight_key, bias_key = jax.random.split(key)
        dtype = jnp.result_type(float)
        shape = (self.n_in, self.n_out)
        params: dict[str, Any] = {
            "w": self.weight_initializer(weight_key, shape, dtype)
        }
        if self.bias:
            params["b"] = self.bias_initializer(bias_key, shape[1:], dtype)
        return params, ()

    def forward(
        self, params: Tree, stats: Tree, x: jax.Array, key: jax.Array, train: bool
    ) -> tuple[jax.Array, Tree, Tree]:
        del key, train
        check_input(self, self.n_in, x)
        z = product("i,io->o", x, params["w"])
        if self.bias:
            z = z + params["b"]
        return z, stats, x

    def backward(
        self, params: Tree, tape: Tree, dy: jax.Array
    ) -> tuple[jax.Array, Tree]:
        x, delta = tape, dy
        dparams = {"w": outer_sum(x, delta)}
        if self.bias:
            dparams["b"] = batch_sum(delta)
        return product("o,io->i", delta, params["w"]), dparams
