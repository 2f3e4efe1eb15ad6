"""Every layer inside the containers, however deep: a walk along a model.

Containers are `Sequential`, `Repeat`, `Residual`, `ReZero`, `Checkpoint` and
`MixedPrecision`. A `Tied` counts as one layer: what its applications do is summed
before it comes out.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from fnn._core.trees import WEIGHT
from fnn.layers.base import Elementwise, Layer, Sequential, Tree
from fnn.layers.checkpoint import Checkpoint
from fnn.layers.mixed_precision import MixedPrecision
from fnn.layers.repeat import Repeat
from fnn.layers.residual import Residual, ReZero

Change = Callable[[Tree, tuple[int, ...]], Any]


class Place(NamedTuple):
    """A layer inside the containers, as often as it is applied.

    Attributes:
        name: the way to it, such as "1 Repeat[17] / 0 Residual / 2 Dense".
        layer: the layer.
        has_weights: whether its parameters have a "w".
    """

    name: str
    layer: Layer
    has_weights: bool

    @property
    def is_activation(self) -> bool:
        """Whether it is one of the elementwise layers."""
        return isinstance(self.layer, Elementwise)


def places(model: Layer, params: Tree) -> list[Place]:
    """Every layer inside the containers, in the order of the forward pass."""
    name = type(model).__name__
    inner = children(model, params)
    if inner is None:
        return [Place(name, model, has_weights(params))]
    if isinstance(model, Sequential):
        return [
            place._replace(name=f"{index} {place.name}")
            for index, (child, own) in enumerate(inner)
            for place in places(child, own)
        ]
    within = places(*inner[0])
    if not isinstance(model, Repeat):
        return [place._replace(name=f"{name} / {place.name}") for place in within]
    return [
        place._replace(name=f"{name}[{turn}] / {place.name}")
        for turn in range(model.n)
        for place in within
    ]


def rebuild(
    model: Layer, tree: Tree, change: Change, lead: tuple[int, ...] = ()
) -> Tree:
    """A tree of parameters (or statistics) with those of every layer changed."""
    inner = children(model, tree)
    if inner is None:
        return change(tree, lead)
    lead = (*lead, model.n) if isinstance(model, Repeat) else lead
    changed = [rebuild(child, own, change, lead) for child, own in inner]
    if isinstance(model, Sequential):
        return tuple(changed)
    if isinstance(model, ReZero) and _has_scale(tree):
        return tree | {"layer": changed[0]}
    return changed[0]


def gather(
    model: Layer, params: Tree, measure: Change, k: int, lead: tuple[int, ...] = ()
) -> jax.Array:
    """(layers, k): a vector of each layer inside the containers, in their order.

    Under stacks of sizes `lead` a layer's arrays have as many leading axes, and so has
    what is measured. A stack's own axis and that of the layers in it become one. In
    the default float dtype, whatever the layers' own are.
    """
    inner = children(model, params)
    if inner is None:
        return measure(params, lead)[..., None, :].astype(jnp.result_type(float))
    within = (*lead, model.n) if isinstance(model, Repeat) else lead
    parts = [gather(child, own, measure, k, within) for child, own in inner]
    values = jnp.concatenate([jnp.zeros((*within, 0, k)), *parts], axis=-2)
    return values.reshape(*lead, -1, k)


def has_weights(params: Tree) -> bool:
    """Whether a layer's parameters have a "w"."""
    return isinstance(params, dict) and WEIGHT in params


def children(model: Layer, tree: Tree) -> list[tuple[Layer, Tree]] | None:
    """A container's layers, each with its parameters (or statistics); else None."""
    match model:
        case Sequential(layers=layers):
            return list(zip(layers, tree, strict=True))
        case ReZero(layer=layer) if _has_scale(tree):
            return [(layer, tree["layer"])]
        case Repeat() | ReZero() | Residual() | Checkpoint() | MixedPrecision():
            return [(model.layer, tree)]
    return None


def _has_scale(tree: Tree) -> bool:
    """Of a ReZero: whether these are its parameters, not its statistics."""
    return isinstance(tree, dict) and "scale" in tree
