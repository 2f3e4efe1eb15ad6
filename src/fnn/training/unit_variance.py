"""Weights scaled to a batch, layer by layer, until every output has variance 1."""

from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from fnn._core import keys
from fnn._core.batch_axis import BATCH
from fnn._core.data_checks import check_inputs
from fnn._core.layer_checks import inside
from fnn._core.trees import WEIGHT, like, working_dtype
from fnn.gradients.walk import has_weights
from fnn.layers.base import Layer, Sequential, Tree
from fnn.layers.checkpoint import Checkpoint
from fnn.layers.mixed_precision import MixedPrecision
from fnn.layers.repeat import Repeat
from fnn.layers.residual import Residual, ReZero
from fnn.training.base import Recipe, TrainState, check_run, prediction_shape

_TOLERANCE = 1e-2
_ROUNDS = 10


def unit_variance(recipe: Recipe, state: TrainState, x: Any) -> TrainState:
    """Divide every layer's weights by the deviation of its outputs on these examples.

    Layer-sequential unit variance: in the order of the forward pass, for each layer
    with weights W and outputs z,

        W <- W / sqrt(Var z)   until |Var z - 1| < 0.01, ten times at most

    with Var z over all examples and units, and each layer given what the scaled ones
    before it put out. Where biases are 0 once is enough. It needs a forward pass and
    no theory, so it fits any activation. What it does not do is look back: deltas can
    still fade or grow, as with sigmoid, whose slope is at most 1/4. Draw the weights
    with `fnn.initializers.Orthogonal` to have it as published.
    Source: Mishkin and Matas, All you need is a good init, 2016.

    Layers are found inside `Sequential`, `Repeat`, `Residual`, `ReZero`, `Checkpoint`
    and `MixedPrecision`; those of a `Tied` stay as they are. So does a layer whose
    outputs do not vary. Biases stay; where they alone vary by more than 1, nothing
    helps.

    Args:
        recipe: gives the model and the optimizer.
        state: from `fnn.init`.
        x: (B, n) inputs, a few hundred will do; run as in training, with batch
            statistics and dropout.

    Returns:
        The state with scaled weights; the optimizer has started anew.

    Raises:
        TypeError: x is not a floating array.
        ValueError: x does not fit the model, or a concrete x is not finite.

    Example:
        >>> import fnn
        >>> initializer = fnn.initializers.Orthogonal()
        >>> recipe = fnn.Recipe(
        ...     fnn.layers.mlp((64, *[32] * 20, 10), initializer=initializer),
        ...     fnn.losses.SoftmaxCrossEntropy(), fnn.optimizers.Adam())
        >>> state, x = fnn.init(recipe, jax.random.key(0)), fnn.data.digits().x[:256]
        >>> before = fnn.predict(recipe, state, x)
        >>> after = fnn.predict(recipe, unit_variance(recipe, state, x), x)
        >>> bool(before.std() < 0.01), round(float(after.std()), 3)
        (True, 1.0)
    """
    check_run(recipe, state)
    check_inputs(x)
    with inside("model"):
        prediction_shape(recipe, state, x)
    key = keys.for_step(state.key, state.step)
    params = _compiled(recipe.model, state.params, state.stats, x, key)
    return state._replace(params=params, opt_state=recipe.optimizer.init(params))


@jax.jit
def _compiled(
    model: Layer, params: Tree, stats: Tree, x: jax.Array, key: jax.Array
) -> Tree:
    return _scaled(model, params, stats, x, key)[0]


def _scaled(
    layer: Layer, params: Tree, stats: Tree, x: jax.Array, key: jax.Array
) -> tuple[Tree, jax.Array]:
    """The layer's parameters, scaled, and its outputs (B, ...) with them."""
    match layer:
        case Sequential():
            scaled = []
            for index, inner in enumerate(layer.layers):
                own = jax.random.fold_in(key, index)
                new, x = _scaled(inner, params[index], stats[index], x, own)
                scaled.append(new)
            return tuple(scaled), x
        case Repeat():

            def body(x: jax.Array, slices: Tree) -> tuple[jax.Array, Tree]:
                params, stats, index = slices
                own = jax.random.fold_in(key, index)
                new, y = _scaled(layer.layer, params, stats, x, own)
                return y, new

            y, scaled = lax.scan(body, x, (params, stats, jnp.arange(layer.n)))
            return scaled, y
        case Residual():
            scaled, y = _scaled(layer.layer, params, stats, x, key)
            return scaled, x + like(layer.scale, y) * y
        case ReZero():
            scaled, y = _scaled(layer.layer, params["layer"], stats, x, key)
            return params | {"layer": scaled}, x + params["scale"] * y
        case Checkpoint() | MixedPrecision():
            return _scaled(layer.layer, params, stats, x, key)
    if has_weights(params):
        params = _divided(layer, params, stats, x, key)
    return params, _outputs(layer, params, stats, x, key)


def _divided(
    layer: Layer, params: Tree, stats: Tree, x: jax.Array, key: jax.Array
) -> Tree:
    def variance(params: Tree) -> jax.Array:
        z = _outputs(layer, params, stats, x, key)
        return jnp.var(z.astype(working_dtype(z)))

    def goes_on(carry: Tree) -> jax.Array:
        turn, _, now = carry
        # False for NaN as well.
        varies = (now > 0) & (now < jnp.inf)
        return (turn < _ROUNDS) & varies & (jnp.abs(now - 1) >= _TOLERANCE)

    def divide(carry: Tree) -> Tree:
        turn, params, now = carry
        w = params[WEIGHT]
        scaled = params | {WEIGHT: w / jnp.sqrt(now).astype(w.dtype)}
        return turn + 1, scaled, variance(scaled)

    start = (jnp.zeros((), jnp.int32), params, variance(params))
    return lax.while_loop(goes_on, divide, start)[1]


def _outputs(
    layer: Layer, params: Tree, stats: Tree, x: jax.Array, key: jax.Array
) -> jax.Array:
    def one(x: jax.Array, row: jax.Array) -> jax.Array:
        own = jax.random.fold_in(key, row)
        return layer.forward(params, stats, x, own, train=True)[0]

    return jax.vmap(one, axis_name=BATCH)(x, jnp.arange(len(x)))
