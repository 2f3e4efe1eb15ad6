"""Each layer alone: its backward rule beside JAX's vector-Jacobian product.

Through a whole network one wrong rule spoils every gradient below it. Here each layer
gets a random gradient from above, so that what is wrong is wrong in it alone.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from fnn._core.batch_axis import BATCH, batch_sum
from fnn.layers import Repeat, ReZero
from fnn.layers.base import Layer, Sequential, Tree
from fnn.losses import Loss

_ZEROS = 0.1


class Term(NamedTuple):
    """One term by both roads."""

    auto: jax.Array
    hand: jax.Array


Terms = dict[tuple[str, str], Term]


def layer_terms(
    model: Layer, params: Tree, stats: Tree, x: jax.Array, key: jax.Array
) -> tuple[jax.Array, Terms]:
    """The model's outputs for a batch, and the terms of every layer in it.

    Args:
        model: any layer; a `Sequential` and a layer with one `layer` inside, such as
            `Residual`, are taken apart and asked as a whole as well.
        params: its parameters.
        stats: its statistics.
        x: (B, n) inputs.
        key: for masks, for the gradients from above and for where zeros are put.

    Returns:
        (y, terms): the outputs, and for each (layer, term) both values. A layer inside
        another has both names, with the container's in front.
    """
    if not isinstance(model, Sequential):
        name = type(model).__name__
        found = _terms(name, model, params, stats, x, key)
        return _forward(model, params, stats, x, key), found
    found: Terms = {}
    for index, layer in enumerate(model.layers):
        name = f"{index} {type(layer).__name__}"
        layer_key = jax.random.fold_in(key, index)
        found |= _terms(name, layer, params[index], stats[index], x, layer_key)
        x = _forward(layer, params[index], stats[index], x, layer_key)
    return x, found


def loss_terms(
    loss: Loss, prediction: jax.Array, y: jax.Array, key: jax.Array
) -> Terms:
    """The gradient of the loss of a batch in its predictions, by both roads.

    The loss is asked as the roads ask it, with the examples' shares of the batch: so a
    ratio of sums over the batch, such as `fnn.losses.Dice`, is judged by the rules
    that train with it. The weights are random and none is 0, so that every example's
    gradient counts.
    """
    weight = jax.random.uniform(key, (len(prediction),), prediction.dtype, 0.5, 1.5)
    shares = weight / jnp.sum(weight)

    def total(prediction: jax.Array) -> jax.Array:
        def one(p: jax.Array, y: jax.Array, share: jax.Array) -> jax.Array:
            return batch_sum(loss.weighted_value(p, y, share))

        mapped = jax.vmap(one, out_axes=None, axis_name=BATCH)
        return jnp.asarray(mapped(prediction, y, shares))

    mapped = jax.vmap(loss.weighted_gradient, axis_name=BATCH)
    hand = mapped(prediction, y, shares)
    name = type(loss).__name__
    return {(name, "gradient"): Term(jax.grad(total)(prediction), hand)}


def penalty_terms(penalty: Any, params: Tree) -> Terms:
    """The gradient of a penalty in each parameter, by both roads, as one vector."""
    if penalty is None:
        return {}
    auto = jax.grad(penalty.value)(params)
    hand = penalty.gradient(params)
    name = type(penalty).__name__
    return {(name, "gradient"): Term(_flat(auto), _flat(hand))}


def _terms(
    name: str, layer: Layer, params: Tree, stats: Tree, x: jax.Array, key: jax.Array
) -> Terms:
    found: Terms = {}
    inner = layer if isinstance(layer, Sequential) else getattr(layer, "layer", None)
    if isinstance(inner, Layer):
        inner_params, inner_stats = params, stats
        if isinstance(layer, ReZero):
            inner_params = params["layer"]
        if isinstance(layer, Repeat):
            # A stack of parameters: one rule at each depth, so the first will do.
            inner_params, inner_stats = jax.tree.map(
                lambda leaf: leaf[0], (params, stats)
            )
        _, parts = layer_terms(inner, inner_params, inner_stats, x, key)
        found = {
            (f"{name} / {place}", term): pair for (place, term), pair in parts.items()
        }
    value_key, zero_key, above_key = jax.random.split(key, 3)
    # Exact zeros, where conventions at kinks show.
    zeros = jax.random.bernoulli(zero_key, _ZEROS, x.shape)
    x = jnp.where(zeros, jnp.zeros_like(x), x)
    keys = jax.random.split(value_key, len(x))

    def forward(params: Tree, x: jax.Array) -> jax.Array:
        return _forward(layer, params, stats, x, value_key)

    def by_hand(x: jax.Array, dy: jax.Array, key: jax.Array) -> Any:
        _, _, tape = layer.forward(params, stats, x, key, train=True)
        return layer.backward(params, tape, dy)

    y, pullback = jax.vjp(forward, params, x)
    dy = jax.random.normal(above_key, y.shape, y.dtype)
    mapped = jax.vmap(by_hand, out_axes=(0, None), axis_name=BATCH)
    hand_x, hand_params = mapped(x, dy, keys)
    auto_params, auto_x = pullback(dy)
    found[name, "input"] = Term(auto_x, hand_x)
    for (path, auto), hand in zip(
        jax.tree_util.tree_leaves_with_path(auto_params),
        jax.tree.leaves(hand_params),
        strict=True,
    ):
        found[name, parameter_name(path)] = Term(auto, hand)
    return found


def parameter_name(path: tuple[Any, ...]) -> str:
    """A parameter's place inside its layer: "w", or "1.w" inside a container."""
    return ".".join(str(getattr(key, "key", getattr(key, "idx", key))) for key in path)


def _forward(
    layer: Layer, params: Tree, stats: Tree, x: jax.Array, key: jax.Array
) -> jax.Array:
    def one(x: jax.Array, key: jax.Array) -> jax.Array:
        return layer.forward(params, stats, x, key, train=True)[0]

    return jax.vmap(one, axis_name=BATCH)(x, jax.random.split(key, len(x)))


def _flat(tree: Tree) -> jax.Array:
    return jnp.concatenate([leaf.ravel() for leaf in jax.tree.leaves(tree)])
