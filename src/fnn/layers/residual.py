"""Residual connections, plain, scaled and learned."""

from typing import Any

import jax
import jax.numpy as jnp

from fnn._core.batch_axis import batch_sum
from fnn._core.component import number
from fnn._core.layer_checks import check_keeps_shape, check_layer, inside
from fnn._core.trees import like
from fnn.layers.base import Layer, Tree


class Residual(Layer):
    """y = x + s f(x) around any layer f that keeps the shape.

    The Jacobian is I + s f'(x), so dC/dx = dy + f.backward(s dy). With s = 1 the
    variance of the signal can double at every block; s = 1 / sqrt(L) keeps it bounded
    through L blocks. Sources: He et al., 2016; Yang et al., 2023, for the scale.

    Args:
        layer: f, often a `Sequential`.
        scale: s.

    Raises:
        ShapeError: a ValueError; f changes the shape.

    Example:
        >>> import fnn, jax.numpy as jnp
        >>> block = Residual(fnn.layers.Identity(), scale=0.5)
        >>> block.forward((), (), jnp.ones(2), jax.random.key(0), False)[0].tolist()
        [1.5, 1.5]
    """

    layer: Layer
    scale: Any = number(default=1.0)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_layer("Residual.layer", self.layer, Layer)

    def init(self, key: jax.Array) -> tuple[Tree, Tree]:
        return self.layer.init(key)

    def forward(
        self, params: Tree, stats: Tree, x: jax.Array, key: jax.Array, train: bool
    ) -> tuple[jax.Array, Tree, Tree]:
        y, stats, tape = _branch(self, params, stats, x, key, train)
        return x + like(self.scale, y) * y, stats, tape

    def backward(
        self, params: Tree, tape: Tree, dy: jax.Array
    ) -> tuple[jax.Array, Tree]:
        dx, dparams = self.layer.backward(params, tape, like(self.scale, dy) * dy)
        return dy + dx, dparams


class ReZero(Layer):
    """y = x + s f(x) with a learned scalar s that starts at 0.

    At first every block is the identity and its Jacobian exactly I, at any depth.
    Parameters: {"scale": (), "layer": those of f}.

        dC/dx = dy + f.backward(s dy),    dC/ds = sum_b dy_b . f(x_b)

    Source: Bachlechner et al., 2020, "ReZero is All You Need".

    Args:
        layer: f, often a `Sequential`.

    Raises:
        ShapeError: a ValueError; f changes the shape.

    Example:
        >>> import fnn, jax.numpy as jnp
        >>> block = ReZero(fnn.layers.Tanh())
        >>> params, stats = block.init(jax.random.key(0))
        >>> x, key = jnp.ones(2), jax.random.key(0)
        >>> block.forward(params, stats, x, key, False)[0].tolist()
        [1.0, 1.0]
    """

    layer: Layer

    def __post_init__(self) -> None:
        super().__post_init__()
        check_layer("ReZero.layer", self.layer, Layer)

    def init(self, key: jax.Array) -> tuple[Tree, Tree]:
        params, stats = self.layer.init(key)
        return {"scale": jnp.zeros(()), "layer": params}, stats

    def forward(
        self, params: Tree, stats: Tree, x: jax.Array, key: jax.Array, train: bool
    ) -> tuple[jax.Array, Tree, Tree]:
        y, stats, tape = _branch(self, params["layer"], stats, x, key, train)
        return x + params["scale"] * y, stats, (tape, y)

    def backward(
        self, params: Tree, tape: Tree, dy: jax.Array
    ) -> tuple[jax.Array, Tree]:
        tape, y = tape
        scaled = params["scale"] * dy
        dx, dparams = self.layer.backward(params["layer"], tape, scaled)
        return dy + dx, {"scale": batch_sum(jnp.sum(dy * y)), "layer": dparams}


def _branch(
    block: Residual | ReZero,
    params: Tree,
    stats: Tree,
    x: jax.Array,
    key: jax.Array,
    train: bool,
) -> tuple[jax.Array, Tree, Tree]:
    """f forward, which must keep the shape."""
    name = type(block).__name__
    with inside(name):
        y, stats, tape = block.layer.forward(params, stats, x, key, train)
    check_keeps_shape(name, block.layer, x, y)
    return y, stats, tape
