"""The residual connection."""

import jax

from fnn._core.layer_checks import check_keeps_shape, check_layer, inside
from fnn.layers.base import Layer, Tree


class Residual(Layer):
    """y = x + f(x) around any layer f that keeps the shape.

    The Jacobian is I + f'(x), so dC/dx = dy + f.backward(dy).
    Source: He et al., 2016.

    Args:
        layer: f, often a `Sequential`.

    Raises:
        ShapeError: a ValueError; f changes the shape.

    Example:
        >>> import fnn, jax.numpy as jnp
        >>> block = Residual(fnn.layers.Tanh())
        >>> block.forward((), (), jnp.zeros(2), jax.random.key(0), False)[0].tolist()
        [0.0, 0.0]
    """

    layer: Layer

    def __post_init__(self) -> None:
        super().__post_init__()
        check_layer("Residual.layer", self.layer, Layer)

    def init(self, key: jax.Array) -> tuple[Tree, Tree]:
        return self.layer.init(key)

    def forward(
        self, params: Tree, stats: Tree, x: jax.Array, key: jax.Array, train: bool
    ) -> tuple[jax.Array, Tree, Tree]:
        with inside("Residual"):
            y, stats, tape = self.layer.forward(params, stats, x, key, train)
        check_keeps_shape("Residual", self.layer, x, y)
        return x + y, stats, tape

    def backward(
        self, params: Tree, tape: Tree, dy: jax.Array
    ) -> tuple[jax.Array, Tree]:
        dx, dparams = self.layer.backward(params, tape, dy)
        return dy + dx, dparams
