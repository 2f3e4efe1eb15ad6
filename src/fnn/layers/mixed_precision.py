"""Products of half precision, sums of single precision."""

import jax

from fnn._core.checks import check_choice
from fnn._core.component import static
from fnn._core.layer_checks import check_layer, inside
from fnn._core.products import ALGORITHMS, inputs_rounded
from fnn.layers.base import Layer, Tree


class MixedPrecision(Layer):
    """The layer inside, whose matrix products take inputs of 16 bits.

    Both inputs of every product are rounded to `dtype`, and their products are summed
    in float32: x and W forward, and backward

        dC/dx_i  = sum_o R(W_io) R(delta_o)
        dC/dW_io = sum_b R(x_bi) R(delta_bo)

    with R the rounding, by both roads. R itself counts as the identity. Nothing else is
    rounded: parameters, their gradients and the optimizer's state, biases, statistics,
    normalization, activations and losses are float32. Other products of such a layer
    are left to JAX: float32 on a CPU, perhaps rounded elsewhere.

    Arrays that are not float32 are left as they are: in float64, where mathematics is
    checked, the layer is the one inside.

    bfloat16 has the range of float32. float16 ends at 65,504, and gradients below 6e-8
    become 0 in it: the loss is not scaled here. Layers of your own take part with
    `fnn.layers.product`.
    Source: Micikevicius et al., 2018, "Mixed Precision Training"; Kalamkar et al.,
    2019, for bfloat16.

    Args:
        layer: often a whole model.
        dtype: "bfloat16" or "float16".

    Example:
        >>> import fnn, jax.numpy as jnp
        >>> model = MixedPrecision(fnn.layers.Dense(1, 1, bias=False))
        >>> x, w = jnp.ones(1), jnp.full((1, 1), 1 + 2**-10)
        >>> y, _, _ = model.forward({"w": w}, (), x, jax.random.key(0), False)
        >>> y.tolist(), y.dtype.name
        ([1.0], 'float32')
    """

    layer: Layer
    dtype: str = static(default="bfloat16")

    def __post_init__(self) -> None:
        super().__post_init__()
        check_layer("MixedPrecision.layer", self.layer, Layer)
        check_choice("MixedPrecision.dtype", self.dtype, tuple(ALGORITHMS))

    def init(self, key: jax.Array) -> tuple[Tree, Tree]:
        return self.layer.init(key)

    def forward(
        self, params: Tree, stats: Tree, x: jax.Array, key: jax.Array, train: bool
    ) -> tuple[jax.Array, Tree, Tree]:
        with inside("MixedPrecision"), inputs_rounded(self.dtype, x):
            return self.layer.forward(params, stats, x, key, train)

    def backward(
        self, params: Tree, tape: Tree, dy: jax.Array
    ) -> tuple[jax.Array, Tree]:
        with inputs_rounded(self.dtype, dy):
            return self.layer.backward(params, tape, dy)
