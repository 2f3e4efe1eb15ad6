"""Recomputation: less memory for one more forward pass."""

import jax
from jax import lax

from fnn._core.layer_checks import check_layer, inside
from fnn.layers.base import Layer, Tree


class Checkpoint(Layer):
    """The layer inside, of which only the input is kept; the rest is computed again.

    The tape of any layer f(x) is replaced by x and what f was called with. Backward
    runs f forward once more, to have its tape for as long as f's own backward needs
    it. Autodiff does the same, by `jax.checkpoint`.

    To keep every k-th of n layers, k near sqrt(n), write

        Repeat(Checkpoint(Repeat(block, k)), n // k)

    which stores n / k + k arrays at a time instead of n.
    Source: Chen et al., 2016, "Training Deep Nets with Sublinear Memory Cost".

    Args:
        layer: what is recomputed, often a `Repeat` or a `Sequential`.

    Example:
        >>> import fnn
        >>> block = fnn.layers.Sequential(fnn.layers.Tanh(), fnn.layers.Dense(8, 8))
        >>> model = fnn.layers.Repeat(Checkpoint(fnn.layers.Repeat(block, 10)), 15)
        >>> model.init(jax.random.key(0))[0][1]["w"].shape
        (15, 10, 8, 8)
    """

    layer: Layer

    def __post_init__(self) -> None:
        super().__post_init__()
        check_layer("Checkpoint.layer", self.layer, Layer)

    def init(self, key: jax.Array) -> tuple[Tree, Tree]:
        return self.layer.init(key)

    def forward(
        self, params: Tree, stats: Tree, x: jax.Array, key: jax.Array, train: bool
    ) -> tuple[jax.Array, Tree, Tree]:
        def compute(params: Tree, stats: Tree, x: jax.Array, key: jax.Array) -> Tree:
            y, stats, _ = self.layer.forward(params, stats, x, key, train)
            return y, stats

        with inside("Checkpoint"):
            y, new_stats = jax.checkpoint(compute)(params, stats, x, key)
        return y, new_stats, (stats, x, key)

    def backward(
        self, params: Tree, tape: Tree, dy: jax.Array
    ) -> tuple[jax.Array, Tree]:
        stats, x, key = tape
        # Without the barrier XLA finds the first pass, and keeps what it made of it.
        x, dy = lax.optimization_barrier((x, dy))
        _, _, tape = self.layer.forward(params, stats, x, key, train=True)
        return self.layer.backward(params, tape, dy)
